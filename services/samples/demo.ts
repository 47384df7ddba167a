// `npm run demo`: shows a running gateway at work.
import { progressFor } from "../embedded/progress";
import { findServers } from "./demo/find-servers";
import { DemoProblem } from "./demo/problem";
import { runDemo } from "./demo/run-demo";

const LIMIT_MS = 60_000;
const START_LIMIT_MS = 60_000;

async function main(): Promise<void> {
  const view = progressFor(process.stdout);
  const configuration = await findServers({
    env: process.env,
    limitMs: START_LIMIT_MS,
    onWait: (line) => view.line(line),
  });
  const { text, addsUp } = await runDemo({
    configuration,
    view,
    limitMs: LIMIT_MS,
    startLimitMs: START_LIMIT_MS,
  });
  console.log(`\n${text}`);
  process.exitCode = addsUp ? 0 : 1;
}

main().catch((error: Error & { type?: string }) => {
  const isOurs = error instanceof DemoProblem || error.type?.startsWith("WEIR_");
  console.error(isOurs ? error.message : error);
  process.exitCode = 1;
});
