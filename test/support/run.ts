import { randomBytes } from "node:crypto";

/**
 * Names this test run. A process started by a spec inherits it through the environment, so that whatever is
 * left behind at the end can be told apart from what other runs on the same servers use.
 */
export const RUN_VARIABLE = "WEIR_TEST_RUN";

export const run = process.env[RUN_VARIABLE] ?? randomBytes(3).toString("hex");

/** Every topic, consumer group and database of this run begins with it. */
export const RUN_PREFIX = `t-${run}-`;

let count = 0;

/** A name nobody else uses, such as `t-1f3a9c-orders-4`: valid as a topic, a group and a database. */
export function uniqueName(prefix = "x"): string {
  count += 1;
  // The process id keeps two processes of one run apart.
  return `${RUN_PREFIX}${prefix}-${process.pid.toString(36)}${count.toString(36)}`;
}
