import assert from "node:assert/strict";
import type { Collection } from "mongodb";
import { findSelection } from "../../services/events/replay/begin";
import type { ReplaySession } from "../../services/events/replay/session";
import { ReplaySessions } from "../../services/events/replay/sessions";
import type { StoredEvent } from "../../services/events/stored-event";
import {
  allCommitted,
  assertAtLeastOnce,
  assertOnce,
  createSpace,
  kafkaClient,
  makeTraffic,
  type Space,
  sendTraffic,
  type Traffic,
  waitFor,
} from "../support";
import { type Daemon, SERVICES, startDaemon, stopDaemons } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";

const TYPES = ["order.placed", "order.paid", "order.shipped"];
const PLUGINS = ["test/fixtures/effects-tx.service.ts", "test/fixtures/effects-single.service.ts"];
const GROUPS = ["effects-tx", "effects-single"];
const EVENTS = 2_400;
/** Events a second to a topic: a chunk is a quarter of them. */
const RATE = 200;

/** Two gateways in processes of their own; the one that works on a replay is killed, again and again. */
describe("replay across the death of gateways", () => {
  let space: Space;
  let traffic: Traffic;
  const daemons = new Map<string, Daemon>();

  beforeEach(async () => {
    space = await createSpace();
    await space.db.createCollection("effects");
  });
  afterEach(async () => {
    await stopDaemons([...daemons.values()]);
    daemons.clear();
    await space.close();
  });

  async function start(nodeID: string): Promise<void> {
    // The plain group is the slow one: a kill finds chunks whose transaction has committed, and which the cursor has not passed.
    const env = { ...daemonEnvironment(space.configuration), WEIR_NODE_ID: nodeID, TEST_HANDLER_MS: "100" };
    const daemon = startDaemon({ args: [...SERVICES, ...PLUGINS], env });
    daemons.set(nodeID, daemon);
    await daemon.logged(/^ready/, { limitMs: 60_000 });
  }
  const sessions = () => space.db.collection("replays") as Collection<ReplaySession>;
  const effects = () => space.db.collection("effects").countDocuments({ group: "effects-tx" });

  it("kill -9 of whoever works on it, three times: no event is skipped, each effect of a transaction happens once", async () => {
    await start("first");
    traffic = makeTraffic({ types: TYPES, events: EVENTS, duplicates: 0.1 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events", ...GROUPS], TYPES);
    await space.db.collection("effects").deleteMany({});

    await start("second");
    // As `events.replay` does: these processes share no transporter with this one.
    const events = space.db.collection("events") as Collection<StoredEvent>;
    const form = { filter: {}, groups: GROUPS, order: "stored" as const, again: true, rate: 400 };
    const { _id } = await new ReplaySessions(sessions(), () => new Date()).create(
      form,
      await findSelection(events, form),
    );
    for (const part of [0.2, 0.4, 0.6]) {
      const { lease } = await waitFor(
        async () => {
          const session = await sessions().findOne({ _id });
          return (await effects()) >= EVENTS * part && session?.lease ? session : null;
        },
        { what: `the replay to be ${part} done`, limitMs: 90_000 },
      );
      const name = String(lease?.node);
      daemons.get(name)?.kill("SIGKILL");
      await daemons.get(name)?.exit();
      await start(name);
    }
    const done = await waitFor(() => sessions().findOne({ _id, status: "completed" }), {
      what: "the replay to be completed",
      limitMs: 120_000,
    });
    assert.ok(done.epoch >= 3, `taken ${done.epoch} times`);
    assert.equal(done.counts.read, EVENTS);
    await assertOnce(space, "effects-tx", traffic);
    await assertAtLeastOnce(space, "effects-single", traffic);
    assert.equal(await space.db.collection("dead_letters").countDocuments(), 0);
  });

  it("to a topic: no event is missing, and only what was in hand is there twice", async () => {
    await Promise.all(["first", "second"].map(start));
    traffic = makeTraffic({ types: TYPES, events: 800 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events"], TYPES);
    const topic = `${space.name}.copies`;
    await space.admin.createTopics({ waitForLeaders: true, topics: [{ topic }] });
    const events = space.db.collection("events") as Collection<StoredEvent>;
    const form = { filter: {}, topic, order: "stored" as const, again: true, rate: RATE };
    const { _id } = await new ReplaySessions(sessions(), () => new Date()).create(
      form,
      await findSelection(events, form),
    );
    const { lease } = await waitFor(
      async () => {
        const session = await sessions().findOne({ _id });
        return session?.lease && session.counts.read >= RATE ? session : null;
      },
      { what: "the replay to be under way", limitMs: 60_000 },
    );
    const name = String(lease?.node);
    daemons.get(name)?.kill("SIGKILL");
    await daemons.get(name)?.exit();
    const done = await waitFor(() => sessions().findOne({ _id, status: "completed" }), {
      what: "the other gateway to complete it",
      limitMs: 60_000,
    });
    assert.notEqual(done.history.findLast(({ action }) => action === "taken")?.by, name);
    assert.deepEqual([done.counts.read, done.counts.sent], [800, 800]);

    const copies: string[] = [];
    const [{ high = "0" } = {}] = await space.admin.fetchTopicOffsets(topic);
    const consumer = kafkaClient().consumer({ groupId: space.group("reader") });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => void copies.push(JSON.parse(String(message.value)).event_id),
    });
    await waitFor(() => copies.length >= Number(high), {
      what: "all copies",
      limitMs: 60_000,
    });
    await consumer.disconnect();
    assert.deepEqual([...new Set(copies)].sort(), [...traffic.good.keys()].sort());
    const chunk = RATE / 4;
    const takeovers = done.history.filter(({ action }) => action === "taken").length - 1;
    const inHand = chunk * takeovers;
    assert.ok(copies.length <= 800 + inHand, `${copies.length - 800} are there twice, ${inHand} may be`);
  });
});
