import { BY, REASON, STRICT } from "../../../schemas/query-params";
import { ID } from "../params";

/** As large as a letter may be. */
const MAX_TEXT = 16 * 1024 * 1024;

export const EDIT = {
  ...STRICT,
  id: ID,
  raw: { type: "string", min: 1, max: MAX_TEXT, optional: true },
  event: { type: "object", optional: true },
  by: BY,
  note: REASON,
} as const;
