import { performance } from "node:perf_hooks";
import { waitFor } from "../support";
import { sentIn } from "../support/sent-events";
import { attempts } from "./attempts";
import type { Fault } from "./fault";
import { judge } from "./judge";
import type { GroupVerdict } from "./ledger";
import { Scene, type Stage } from "./scene";

const GO_ON_WITHIN_S = 15;
/** After so long a group that does not go on is taken to be stuck, also where nobody asks how long it took. */
const STUCK_AFTER_MS = 120_000;
const DRAIN_LIMIT_MS = 150_000;

/** What became of one fault. */
export interface Report {
  fault: Pick<Fault, "name" | "story">;
  events: number;
  groups: GroupVerdict[];
  letters: number;
  /** Seconds from the fault's end until every group had got on; null where that never came. */
  wentOnAfter: number | null;
  tookSeconds: number;
  problems: string[];
  /** Everything that the gateways wrote. */
  output: string;
}

/**
 * Half of the traffic, the fault, the other half; then everything has to end as if nothing had happened. `timed`: the groups
 * have to go on within the fault's limit, which holds on a machine that does nothing else.
 */
export async function runFault(stage: Stage, fault: Fault, { timed }: { timed: boolean }): Promise<Report> {
  const began = performance.now();
  const scene = await Scene.open(stage, fault);
  const { problems, attempt } = attempts();
  let groups: GroupVerdict[] = [];
  let letters = 0;
  let wentOnAfter: number | null = null;

  const injected = await attempt("the fault itself", async () => {
    for (let count = 0; count < (fault.gateways ?? 1); count += 1) await scene.start();
    await scene.send(0.5);
    await fault.inject(scene);
  });
  if (injected) {
    await attempt("going on", async () => {
      wentOnAfter = await secondsToGoOn(scene);
      const limit = fault.goOnWithin ?? GO_ON_WITHIN_S;
      if (timed && wentOnAfter > limit)
        throw new Error(`took ${wentOnAfter.toFixed(1)} s, ${limit} s are allowed`);
    });
    // First: a copy of an event that is in hand there holds up its partition.
    await attempt("what is handed over again", async () => fault.handedOver?.(scene));
    await attempt("the end", () => scene.allCommitted(DRAIN_LIMIT_MS));
    await attempt("the ledger", async () => {
      const expectations = scene.groups.flatMap((group) =>
        [fault.expect?.(scene, group) ?? {}].flat().map((expected) => ({
          ...group,
          excused: scene.excused,
          mayDouble: (effect: Parameters<Scene["wasInHand"]>[0]) =>
            fault.doubles === "in flight" && scene.wasInHand(effect),
          ...expected,
        })),
      );
      const { good, bad } = scene.traffic;
      const judged = await judge(scene, { events: sentIn({ good }), bad, expectations });
      ({ groups, letters } = judged);
      problems.push(...judged.problems);
    });
    if (fault.check) await attempt("the check", () => fault.check?.(scene) ?? Promise.resolve());
  }
  await attempt("the stop", async () => {
    const codes = await scene.close();
    if (codes.some((code) => code !== 0)) throw new Error(`gateways ended with ${codes.join(", ")}, not 0`);
  });
  return {
    fault,
    events: scene.traffic.good.size,
    groups,
    letters,
    wentOnAfter,
    tookSeconds: (performance.now() - began) / 1_000,
    problems,
    output: scene.output(),
  };
}

async function secondsToGoOn(scene: Scene): Promise<number> {
  const end = scene.endedAt ?? performance.now();
  const before = await scene.counts();
  await scene.send(1);
  const due = new Map(
    scene.groups.map(({ group, wants }) => [
      group,
      [...scene.traffic.good.values()].filter(
        ({ event_id, event_type }) => wants(event_type) && !scene.excused.has(event_id),
      ).length,
    ]),
  );
  const waiting = new Set(scene.groups.map(({ group }) => group));
  let seconds = 0;
  await waitFor(
    async () => {
      for (const [group, now] of await scene.counts()) {
        const from = before.get(group) ?? 0;
        if (now > from || from >= (due.get(group) ?? 0)) waiting.delete(group);
      }
      seconds = (performance.now() - end) / 1_000;
      return waiting.size === 0;
    },
    { what: "every group to go on", limitMs: STUCK_AFTER_MS, everyMs: 100 },
  ).catch((error: Error) => {
    throw new Error(`${[...waiting].join(", ")} did not go on: ${error.message}`);
  });
  return seconds;
}
