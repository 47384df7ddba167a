import { performance } from "node:perf_hooks";
import { attempts } from "./attempts";
import { type BacklogSent, digestOf, sendBacklog } from "./backlog-traffic";
import { Drain } from "./drain";
import { BACKLOG, killWhileDraining } from "./faults/backlog";
import { judge } from "./judge";
import type { GroupVerdict } from "./ledger";
import type { Report } from "./run-fault";
import { Scene, type Stage } from "./scene";

/** For the last of the drain, after the last kill: a share that takes the slowest group minutes of a million events. */
const DRAIN_LIMIT_MS = 1_800_000;

/** Sends a backlog, drains it with one gateway while servers and gateway are killed, and holds the ledger against it. */
export async function runBacklog(stage: Stage, events: number): Promise<Report> {
  const began = performance.now();
  const scene = await Scene.open(stage, BACKLOG);
  const { problems, attempt } = attempts();
  let groups: GroupVerdict[] = [];
  let letters = 0;
  let seconds: number[] = [];
  // Each as it is known: the run takes its time.
  const note = (line: string) => console.log(`  ${line}`);

  const drained = await attempt("the drain", async () => {
    const sent = await sendBacklog(scene, events);
    note(`${sent.messages} messages for ${events} events were sent in ${since(began).toFixed(0)} s`);
    const drain = new Drain(scene);
    const start = performance.now();
    await scene.start();
    seconds = await killWhileDraining(scene, drain, note);
    for (const took of seconds.filter((took) => took > (BACKLOG.goOnWithin ?? 0)))
      problems.push(`going on took ${took.toFixed(1)} s, ${BACKLOG.goOnWithin} s are allowed`);
    await drain.until("every group to reach the end", ([slowest]) => slowest === 1, DRAIN_LIMIT_MS);
    await scene.allCommitted();
    for (const line of ratesOf(scene, sent, drain, start)) note(line);
    // It stops before the ledger is read: both want the same two servers, and nothing may come any more.
    for (const gateway of [...scene.gateways]) {
      const code = await scene.stop(gateway);
      if (code !== 0) throw new Error(`the gateway ended with ${code}, not 0`);
    }
    await attempt("the ledger", async () => {
      const expectations = scene.groups.map((group) => ({
        ...group,
        mayDouble: scene.wasInHand.bind(scene),
      }));
      const judged = await judge(scene, { ...sent, told: digestOf, expectations });
      ({ groups, letters } = judged);
      problems.push(...judged.problems);
    });
  });
  await attempt("the end", async () => {
    await scene.close();
  });
  return {
    fault: BACKLOG,
    events,
    groups,
    letters,
    wentOnAfter: drained ? Math.max(...seconds) : null,
    tookSeconds: since(began),
    problems,
    output: scene.output(),
  };
}

/** Events per second of each group, from the gateway's start to the group's end, with all that was killed meanwhile. */
function ratesOf({ groups }: Scene, { events }: BacklogSent, drain: Drain, start: number): string[] {
  return groups.map(({ group, wants }) => {
    let own = 0;
    for (let number = 0; number < events.count; number += 1) if (wants(events.typeOf(number))) own += 1;
    const seconds = ((drain.endedAt(group) ?? performance.now()) - start) / 1_000;
    return `${group}: ${own} events in ${seconds.toFixed(0)} s, ${Math.round(own / seconds)} a second`;
  });
}

function since(began: number): number {
  return (performance.now() - began) / 1_000;
}
