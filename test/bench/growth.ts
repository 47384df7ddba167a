// `npm run bench:growth`: what becomes of the throughput when something grows.
import { parseArgs } from "node:util";
import { collection } from "./growth/collection";
import type { Curve } from "./growth/curve";
import { duplicates } from "./growth/duplicates";
import { expiry } from "./growth/expiry";
import { curveTable, writeCurve } from "./growth/report";
import { backlog, gateways, partitions, plugins } from "./growth/sweeps";
import { terminalTable } from "./report/tables";
import { commandLine, names, wholeNumber } from "./session/options";
import { measuringProgram } from "./session/session";

const CURVES: readonly Curve[] = [backlog, plugins, partitions, gateways, collection, duplicates, expiry];

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    events: { type: "string", default: "100000" },
    backlog: { type: "string", default: "1000000" },
    stored: { type: "string", default: "5000000" },
    expiring: { type: "string", default: "2000000" },
    ttl: { type: "string", default: "60" },
    markdown: { type: "boolean", default: false },
  },
});

function chosen(): Curve[] {
  const wanted = names(values.only);
  const unknown = wanted.find((name) => !CURVES.some((curve) => curve.name === name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: expected ${CURVES.map(({ name }) => name).join(", ")}.`);
  return CURVES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

measuringProgram(async (session) => {
  const curves = chosen();
  const number = (option: "events" | "backlog" | "stored" | "expiring", most: number) =>
    wholeNumber(option, values[option], [100, most]);
  const options = {
    rounds: wholeNumber("rounds", values.rounds, [1, 20]),
    events: number("events", 1_000_000),
    backlog: number("backlog", 2_000_000),
    stored: number("stored", 10_000_000),
    expiring: number("expiring", 5_000_000),
    ttlSeconds: wholeNumber("ttl", values.ttl, [1, 3_600]),
  };
  for (const curve of curves) {
    const points = await curve.measure(session, options);
    const { head, rows } = curveTable(curve, points);
    console.error(`\n${curve.title}\n${terminalTable(head, rows)}\n`);
    if (values.markdown) writeCurve(curve, points, commandLine("bench:growth"));
  }
});
