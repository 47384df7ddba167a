import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

/** Microseconds between two samples. */
const INTERVAL_US = 500;

/** Records this process's CPU profile until what it returns is called: that writes the file. Unlike --cpu-prof, without the boot. */
export function startProfile(file: string): () => Promise<void> {
  const session = new Session();
  session.connect();
  const started = session
    .post("Profiler.enable")
    .then(() => session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US }))
    .then(() => session.post("Profiler.start"));
  return async () => {
    await started;
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  };
}
