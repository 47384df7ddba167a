// `npm run bench`: every way over the same backlog, in turn and in one run, so that a noisy machine is noisy to all.
import { parseArgs } from "node:util";
import { profileFile, reportProfile } from "./profile/report";
import { titleOf, writeReport } from "./report/bench-report";
import { HEAD, rowsOf } from "./report/measurement-table";
import { terminalTable } from "./report/tables";
import { fill } from "./session/fill";
import type { Filled } from "./session/filled";
import { measure } from "./session/measure";
import type { Measurement } from "./session/measurement";
import { type Cell, cellsOf, commandLine, names, wholeNumber, wholeNumbers } from "./session/options";
import { measuringProgram, type Session } from "./session/session";
import { type Contender, contendersOf } from "./ways/contenders";

const MAX_EVENTS = 2_000_000;

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "60000" },
    rounds: { type: "string", default: "3" },
    partitions: { type: "string", default: "4" },
    plugins: { type: "string", default: "1" },
    bytes: { type: "string", default: "500" },
    product: { type: "boolean", default: false },
    only: { type: "string" },
    profile: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
  },
});

measuringProgram(async (session) => {
  const events = wholeNumber("events", values.events, [100, MAX_EVENTS]);
  const rounds = wholeNumber("rounds", values.rounds, [1, 50]);
  const cells = cellsOf(
    {
      partitions: wholeNumbers("partitions", values.partitions, [1, 64]),
      plugins: wholeNumbers("plugins", values.plugins, [1, 20]),
      bytes: wholeNumbers("bytes", values.bytes, [300, 1_000_000]),
    },
    values.product,
  );
  const ways = contendersOf(names(values.only));
  const measured: { cell: Cell; measurements: Measurement[] }[] = [];
  for (const cell of cells) {
    const measurements = await measureCell(session, cell, ways, events, rounds);
    measured.push({ cell, measurements });
    console.error(`\n${titleOf(cell, events)}\n${terminalTable(HEAD, rowsOf(measurements, ways))}\n`);
  }
  if (values.markdown) writeReport(measured, ways, events, commandLine("bench"));
  if (values.profile) await profileGateways(session, cells[0] as Cell, ways, events);
});

async function measureCell(
  session: Session,
  cell: Cell,
  ways: readonly Contender[],
  events: number,
  rounds: number,
): Promise<Measurement[]> {
  // More plugins are no more work for a way without any: it has been measured with one.
  const meant = ways.filter(({ hasPlugins }) => hasPlugins || cell.plugins === 1);
  const filled = new Map<number, Filled>();
  const sizeFor = ({ share }: Contender) => Math.max(100, Math.round(events * share));
  for (const size of new Set(meant.map(sizeFor))) {
    filled.set(size, await fill(session, { ...cell, events: size }));
  }
  const measurements: Measurement[] = [];
  // The first round warms the servers; it does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const way of meant) {
      const topic = filled.get(sizeFor(way)) as Filled;
      const { measurement } = await measure(session, way, topic, { plugins: cell.plugins, round });
      measurements.push(measurement);
      const warmUp = round === 0 ? " (warm-up)" : "";
      console.error(`round ${round}${warmUp}: ${way.name} ${Math.round(measurement.eventsPerSecond)}/s`);
    }
  }
  for (const { topicPrefix } of filled.values()) await session.deleteTopics(topicPrefix);
  return measurements;
}

/** Once more with a profiler, which costs time: these runs are in no table. */
async function profileGateways(
  session: Session,
  cell: Cell,
  ways: readonly Contender[],
  events: number,
): Promise<void> {
  const filled = await fill(session, { ...cell, events });
  for (const way of ways.filter(({ name }) => name.startsWith("gateway") || name === "dispatch")) {
    const file = profileFile(way.name);
    const run = { plugins: cell.plugins, job: { profile: file } };
    const { measurement } = await measure(session, way, filled, run);
    const summary = reportProfile(file, measurement.cpuUsPerEvent);
    console.error(`\n${way.title}, profile ${file}\n${summary}`);
  }
}
