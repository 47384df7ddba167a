import { terminalTable } from "../report/tables";
import { fill } from "../session/fill";
import { measure } from "../session/measure";
import type { Session } from "../session/session";
import { contender } from "../ways/contenders";

/** Whether a command line answers while a backlog drains: how late a timer fires meanwhile. */
export async function measureCommandLine(session: Session, events: number): Promise<string> {
  const filled = await fill(session, { partitions: 4, bytes: 500, events });
  const rows: string[][] = [];
  for (const name of ["bare", "gateway", "gateway-tx"] as const) {
    const way = contender(name);
    const { measured } = await measure(session, way, filled, { plugins: 1 });
    const { p50 = Number.NaN, p99 = Number.NaN, max = Number.NaN } = measured.loopDelayMs ?? {};
    rows.push([way.title, ...[p50, p99, max].map((ms) => `${ms.toFixed(1)} ms`)]);
  }
  await session.deleteTopics(filled.topicPrefix);
  const head = [`event loop delay, draining ${events.toLocaleString("en")} events`, "p50", "p99", "longest"];
  return terminalTable(head, rows);
}
