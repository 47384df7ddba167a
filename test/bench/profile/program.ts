// node --require tsx/cjs test/bench/profile/program.ts <file.cpuprofile> <events>
import { reportProfile } from "./report";

const [file, events] = process.argv.slice(2);
if (!file || !(Number(events) > 0))
  throw new Error("Expected a .cpuprofile and the number of events it was recorded over.");
console.log(reportProfile(file, Number(events)));
