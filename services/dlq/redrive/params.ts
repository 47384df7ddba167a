import { BY, PAGING, STRICT } from "../../../schemas/query-params";
import { ID, ITEMS } from "../params";
import { JOB_STATUSES, LETTER_RESULTS } from "./job";

const WHO = { ...BY, optional: true } as const;

export const REDRIVE = {
  ...ITEMS,
  dry_run: { type: "boolean", optional: true, convert: true },
  rate: { type: "number", integer: true, min: 1, max: 100_000, optional: true, convert: true },
  canary: { type: "boolean", optional: true, convert: true },
  by: WHO,
} as const;

export const JOBS = {
  ...STRICT,
  status: { type: "enum", values: [...JOB_STATUSES], optional: true },
  ...PAGING,
} as const;

export const JOB_STATUS = {
  ...STRICT,
  id: ID,
  result: { type: "enum", values: [...LETTER_RESULTS, "waiting"], optional: true },
  ...PAGING,
} as const;

export const CONTROL = { ...STRICT, id: ID, by: WHO } as const;
