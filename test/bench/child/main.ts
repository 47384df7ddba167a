// A measured process: does one way's work until it is told to end, and tells what it took.
import { once } from "node:events";
import { startProfile } from "../profile/recorder";
import { sharedNow } from "../session/clock";
import { WAYS } from "../ways";
import { handledEvents } from "./handled";
import { Instruments } from "./instruments";
import type { FromChild, Job } from "./job";

async function main(job: Job): Promise<void> {
  const instruments = new Instruments();
  const handled = handledEvents(job.timesOf);
  const asked = once(process, "message");
  let stopProfile = async (): Promise<void> => undefined;
  const way = await WAYS[job.way]();
  const stop = await way.work(job, handled, () => {
    instruments.begin();
    if (job.profile) stopProfile = startProfile(job.profile);
    tell({ kind: "begun", at: sharedNow() });
  });
  await asked;
  const measured = { ...instruments.end(), handled: handled.count, times: handled.times };
  await stopProfile();
  tell({ kind: "measured", measured });
  await stop();
  process.disconnect();
}

function tell(message: FromChild): void {
  process.send?.(message);
}

// Whoever started this is gone: nobody is left to end it.
process.once("disconnect", () => process.exit());
main(JSON.parse(process.argv[2] ?? "") as Job).catch((error: Error) => {
  console.error(error.stack);
  process.exit(1);
});
