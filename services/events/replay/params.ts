import { BY, PAGING, REASON, STRICT, TEXT, TOPIC } from "../../../schemas/query-params";
import { FILTER, OBJECT_ID } from "../params";
import { REPLAY_ORDERS, REPLAY_STATUSES } from "./session";

export const REPLAY = {
  ...STRICT,
  filter: FILTER,
  groups: { type: "array", items: TEXT, min: 1, max: 20, unique: true, optional: true },
  topic: { ...TOPIC, optional: true },
  order: { type: "enum", values: [...REPLAY_ORDERS], default: "stored" },
  rate: { type: "number", min: 0.1, max: 1_000_000, convert: true, optional: true },
  again: { type: "boolean", convert: true, default: true },
  dry_run: { type: "boolean", convert: true, default: false },
  by: { ...BY, optional: true },
} as const;

export const REPLAYS = {
  ...STRICT,
  status: { type: "enum", values: [...REPLAY_STATUSES], optional: true },
  ...PAGING,
} as const;

export const ONE_REPLAY = { ...STRICT, id: OBJECT_ID } as const;

export const CHANGE_REPLAY = {
  ...STRICT,
  id: OBJECT_ID,
  by: { ...BY, optional: true },
  reason: { ...REASON, optional: true },
} as const;
