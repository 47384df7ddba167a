import { ID } from "../params";

/** As large as a letter may be. */
const MAX_TEXT = 16 * 1024 * 1024;

export const EDIT = {
  $$strict: true,
  id: ID,
  raw: { type: "string", min: 1, max: MAX_TEXT, optional: true },
  event: { type: "object", optional: true },
  by: { type: "string", min: 1, max: 256 },
  note: { type: "string", min: 1, max: 1_000 },
} as const;
