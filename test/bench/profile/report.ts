import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { terminalTable } from "../report/tables";
import { type CpuProfile, hottestOf, timeByArea } from "./self-time";

const HOTTEST = 25;

/** Where a profile is written: beside the embedded servers' data, which git does not know. */
export function profileFile(name: string): string {
  const folder = path.resolve(process.env.WEIR_DATA_DIR ?? ".weir", "bench");
  mkdirSync(folder, { recursive: true });
  return path.join(folder, `${name}.cpuprofile`);
}

/**
 * Where an event's microseconds go: by area, then by function.
 *
 * @param cpuUsPerEvent what the process has computed for each event; a profile counts time on the wall, also when a busy machine
 *   let the process wait, and so it gives the shares only
 */
export function reportProfile(file: string, cpuUsPerEvent: number): string {
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const areas = timeByArea(profile).filter(({ area }) => area !== "idle");
  const busy = areas.reduce((sum, { us }) => sum + us, 0);
  const shown = (us: number) => [
    `${((us / busy) * 100).toFixed(1)} %`,
    ((us / busy) * cpuUsPerEvent).toFixed(2),
  ];
  const head = ["of the busy time", "µs/event"];
  const hottest = hottestOf(profile, HOTTEST);
  return [
    terminalTable(
      ["area", ...head],
      areas.map(({ area, us }) => [area, ...shown(us)]),
    ),
    terminalTable(
      ["function, by itself", "file", "area", ...head],
      hottest.map(({ name, file: place, area, us }) => [name, place, area, ...shown(us)]),
    ),
  ].join("\n");
}
