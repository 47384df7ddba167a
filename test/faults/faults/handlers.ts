import { isTroubled, type Trouble } from "../../fixtures/trouble";
import { waitFor } from "../../support";
import type { Fault } from "../fault";
import { GROUPS, type GroupUnderTest, TROUBLE, TROUBLE_TRANSACTIONAL } from "../groups";
import type { Scene } from "../scene";

type Options = Pick<Fault, "story" | "doubles"> &
  Partial<Pick<Fault, "name" | "groups" | "inject" | "bounded" | "goOnWithin">>;

const TROUBLED = [TROUBLE, TROUBLE_TRANSACTIONAL];

/**
 * Two plugins beside the usual ones, a plain and a transactional one, that are in for trouble with some events;
 * `givesUp`: they become letters of each.
 */
function handler(trouble: Trouble, givesUp: boolean, options: Options): Fault {
  return {
    name: `handler-${trouble}`,
    groups: [...GROUPS, ...TROUBLED],
    env: { TEST_TROUBLE: trouble },
    async inject(scene) {
      await scene.underWay();
      scene.endedAt = performance.now();
    },
    expect(scene, { group, wants }) {
      if (!givesUp || !TROUBLED.some((troubled) => troubled.group === group)) return {};
      const failed = [...scene.traffic.good.values()].filter(
        (event) => wants(event.event_type) && isTroubled(trouble, event),
      );
      return { failed: new Set(failed.map(({ event_id }) => event_id)) };
    },
    ...options,
  };
}

/** One plugin blocks its process for 20 s, once. */
function blocks(options: Pick<Fault, "name" | "story">, group: GroupUnderTest): Fault {
  return handler("blocks", false, {
    ...options,
    groups: [...GROUPS, group],
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const marks = scene.space.db.collection("trouble_marks");
      await scene.mark();
      await waitFor(async () => (await marks.countDocuments({})) > 0, { what: "the block", limitMs: 60_000 });
      await scene.mark();
      await logged(scene, /new one takes its place|joined|goes on|waits/, 60_000).catch(() => undefined);
      await scene.mark();
      scene.endedAt = performance.now();
    },
  });
}

async function logged(scene: Scene, pattern: RegExp, limitMs: number): Promise<void> {
  await waitFor(() => scene.log().some((line) => pattern.test(line)), {
    what: `${pattern} in the log`,
    limitMs,
    everyMs: 500,
  });
}

export const HANDLERS: Fault[] = [
  handler("throws", true, { story: "a handler throws at some events, at every attempt", doubles: "never" }),
  handler("key", true, {
    story: "every event of one key fails, among many good ones",
    doubles: "never",
  }),
  handler("hangs", true, { story: "a handler never ends for some events", bounded: true, doubles: "never" }),
  handler("late", true, {
    story: "a handler takes effect after its timeout for some events",
    doubles: "never",
  }),
  handler("rubbish", true, {
    story: "a batch handler answers with something that is no outcome",
    doubles: "never",
  }),
  blocks(
    {
      name: "handler-blocks",
      story: "a handler blocks the event loop for 20 s, so that Kafka throws the gateway out of its groups",
    },
    TROUBLE,
  ),
  blocks(
    {
      name: "handler-blocks-in-transaction",
      story:
        "a handler blocks the event loop for 20 s with its transaction open, which MongoDB ends meanwhile",
    },
    TROUBLE_TRANSACTIONAL,
  ),
  handler("kills", false, {
    story: "a handler ends its process, at several events; the process is started again each time",
    groups: [...GROUPS, TROUBLE],
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const events = [...scene.traffic.good.values()];
      const due = events.filter(
        (event) => TROUBLE.wants(event.event_type) && isTroubled("kills", event),
      ).length;
      const marks = scene.space.db.collection("trouble_marks");
      await scene.send(1);
      // Each of them kills once: after that the process stays.
      while ((await marks.countDocuments({})) < due) {
        const [gateway] = scene.gateways;
        if (!gateway) throw new Error("a gateway runs");
        await waitFor(
          async () => gateway.child.signalCode !== null || (await marks.countDocuments({})) >= due,
          {
            what: "the handler to end its process",
            limitMs: 60_000,
          },
        );
        await scene.gone(gateway);
        scene.spawn();
      }
      await scene.gateways[0]?.logged(/^ready/, { limitMs: 60_000 });
      scene.endedAt = performance.now();
    },
  }),
];
