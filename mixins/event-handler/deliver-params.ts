import { COUNT, DELIVER_ITEMS, HEADERS, NAME, WHOLE } from "../../schemas/wire-params";

/** Parameters of `deliver`. What a later version of the gateway says beside them is no fault: nodes are renewed one by one. */
export const DELIVER = {
  $$plain: true,
  group: NAME,
  topic: NAME,
  partition: WHOLE,
  epoch: WHOLE,
  attempt: WHOLE,
  max_failures: { ...COUNT, optional: true },
  max_answer_bytes: { ...COUNT, optional: true },
  scope: { ...NAME, optional: true },
  keep_keys_ms: { ...COUNT, optional: true },
  park: { type: "boolean", optional: true },
  lift_to: { ...HEADERS, optional: true },
  items: DELIVER_ITEMS,
} as const;
