import type { Collection } from "mongodb";
import type { Configuration } from "../../../schemas/configuration/configuration";
import { type DlqState, upserting } from "../state";
import { oldestOf, sum } from "../stats";
import type { LetterCount } from "./counts";

export interface AlertPorts {
  state: Collection<DlqState>;
  thresholds: Pick<Configuration["dlq"], "alertLetters" | "alertAgeHours">;
  logger: { error(line: string): void; info(line: string): void };
}

const HOUR_MS = 3_600_000;

/** Says in the log, once for all gateways, when a threshold is passed, and when it is so no more. */
export async function alertOf(ports: AlertPorts, counts: readonly LetterCount[], now: Date): Promise<void> {
  const { alertLetters, alertAgeHours } = ports.thresholds;
  const open = counts.filter((count) => count.open);
  if (alertLetters > 0) {
    const letters = sum(open);
    await cross(ports, "letters", letters >= alertLetters, {
      above: `${letters} dead letters are open, at least ${alertLetters} (WEIR_DLQ_ALERT_LETTERS). \`dlq stats\` says of what.`,
      below: `${letters} dead letters are open, fewer than ${alertLetters} again.`,
    });
  }
  if (alertAgeHours > 0) {
    const oldest = oldestOf(open);
    const hours = oldest ? Math.floor((now.getTime() - oldest.getTime()) / HOUR_MS) : 0;
    await cross(ports, "age", hours >= alertAgeHours, {
      above: `A dead letter has been open for ${hours} hours, at least ${alertAgeHours} (WEIR_DLQ_ALERT_AGE_HOURS). \`dlq\` shows those that wait.`,
      below: `No dead letter has been open for ${alertAgeHours} hours any more.`,
    });
  }
}

/** Whoever writes the change of sides tells of it. */
async function cross(
  { state, logger }: AlertPorts,
  name: string,
  passed: boolean,
  lines: { above: string; below: string },
): Promise<void> {
  const _id = `alert|${name}`;
  const { value } = await upserting(() =>
    state.findOneAndUpdate({ _id }, { $set: { passed } }, {
      upsert: true,
      returnDocument: "before",
    } as object),
  );
  if ((value?.passed ?? false) === passed) return;
  if (passed) logger.error(lines.above);
  else logger.info(lines.below);
}
