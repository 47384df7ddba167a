import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { terminalTable } from "../report/tables";
import { type CpuProfile, hottestOf, timeByArea } from "./self-time";

/** Where a profile is written: beside the embedded servers' data, which git does not know. */
export function profileFile(name: string): string {
  const folder = path.resolve(process.env.WEIR_DATA_DIR ?? ".weir", "bench");
  mkdirSync(folder, { recursive: true });
  return path.join(folder, `${name}.cpuprofile`);
}

/** Where the microseconds of an event go: by area, then by function. */
export function reportProfile(file: string, events: number): string {
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const perEvent = (us: number) => (us / events).toFixed(2);
  const areas = timeByArea(profile);
  const busy = areas.reduce((sum, { area, us }) => sum + (area === "idle" ? 0 : us), 0);
  const share = (us: number, area: string) => (area === "idle" ? "-" : `${((us / busy) * 100).toFixed(1)} %`);
  const rows = areas.map(({ area, us }) => [area, perEvent(us), share(us, area)]);
  const hottest = hottestOf(profile, 25).map(({ name, place, us }) => [name, place, perEvent(us)]);
  return [
    terminalTable(["area", "µs/event", "of the busy time"], rows),
    terminalTable(["function", "place", "µs/event, itself"], hottest),
  ].join("\n");
}
