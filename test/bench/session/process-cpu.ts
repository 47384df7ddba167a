import { readFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10;

/** Milliseconds that a process has computed so far, in user and system mode; null where /proc does not tell. */
export function processCpuMs(pid: number | null): number | null {
  const stat = read(pid, "stat");
  if (stat === null) return null;
  // The second field is the program's name, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process in MiB; null where /proc does not tell. */
export function processRssMb(pid: number | null): number | null {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status") ?? "")?.[1];
  return kb === undefined ? null : Number(kb) / 1024;
}

function read(pid: number | null, file: string): string | null {
  try {
    return pid === null ? null : readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}
