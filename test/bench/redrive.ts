// `npm run bench:redrive`: a redrive against the same number of live events, turn by turn in one run.
import { parseArgs } from "node:util";
import { drainOnce } from "./hot-path";
import { type Redriven, runRedrive } from "./redrive-run";
import { emptyJob } from "./session/filled";
import { wholeNumber } from "./session/options";
import { measuringProgram } from "./session/session";
import { configurationOf } from "./ways/gateway";

const MAX_LETTERS = 1_000_000;

const { values } = parseArgs({
  options: { letters: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
});

measuringProgram(async (session) => {
  const letters = wholeNumber("letters", values.letters, [100, MAX_LETTERS]);
  const rounds = wholeNumber("rounds", values.rounds, [1, 50]);
  const ratios: number[] = [];
  // The first round warms the servers and the compiler; it does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const { broker, speed } = await drainOnce(session, letters);
    await broker.stop();
    const live = letters / speed;
    const redriven = await runRedrive(letters, configurationOf(emptyJob(session)));
    console.log(`round ${round}${round === 0 ? " (warm-up)" : ""}: ${line(letters, live, redriven)}`);
    if (round > 0) ratios.push(live / redriven.ms);
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  console.log(
    `ratio redrive / live: ${median.toFixed(2)} (${sorted.map((ratio) => ratio.toFixed(2)).join(", ")})`,
  );
});

function line(letters: number, live: number, { ms, rssBefore, rssMost }: Redriven): string {
  const perSecond = (took: number) => Math.round((letters / took) * 1_000).toLocaleString("en");
  const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return `live ${perSecond(live)}/s, redrive ${perSecond(ms)}/s, ratio ${(live / ms).toFixed(2)}; memory ${mib(rssBefore)}, at most ${mib(rssMost)}`;
}
