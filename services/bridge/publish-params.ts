import { WELL_FORMED } from "../../schemas/query-params";
import { HEADERS } from "../../schemas/wire-params";

const text = { type: "string", min: 1, max: 1_000, pattern: WELL_FORMED };
const optionalText = { ...text, optional: true };

/** What a caller of `publish` may give: the schemas judge the content, this only the shape. */
export const eventParams = {
  event_type: text,
  payload: "object",
  event_id: optionalText,
  event_version: optionalText,
  timestamp: optionalText,
  aggregate_id: optionalText,
  key: optionalText,
  metadata: { type: "object", optional: true },
  headers: { ...HEADERS, optional: true },
};
