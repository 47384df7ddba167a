// `npm run demo`: shows a running gateway at work.
import { progressFor } from "../embedded/progress";
import { findServers } from "./demo/find-servers";
import { DemoProblem } from "./demo/problem";
import { runDemo } from "./demo/run-demo";

const LIMITS = { limitMs: 60_000, startLimitMs: 15_000 };

async function main(): Promise<void> {
  const configuration = await findServers(process.env);
  const { text, addsUp } = await runDemo({
    configuration,
    view: progressFor(process.stdout),
    ...LIMITS,
  });
  console.log(`\n${text}`);
  process.exitCode = addsUp ? 0 : 1;
}

main().catch((error: Error & { type?: string }) => {
  const isOurs = error instanceof DemoProblem || error.type?.startsWith("WEIR_");
  console.error(isOurs ? error.message : error);
  process.exitCode = 1;
});
