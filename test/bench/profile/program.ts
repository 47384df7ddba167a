// node --require tsx/cjs test/bench/profile/program.ts <file.cpuprofile> <CPU µs per event>
import { reportProfile } from "./report";

const [file, cpuUsPerEvent] = process.argv.slice(2);
if (!file || !(Number(cpuUsPerEvent) > 0))
  throw new Error(
    "Expected a .cpuprofile, and the microseconds of CPU time that its process took for each event.",
  );
console.log(reportProfile(file, Number(cpuUsPerEvent)));
