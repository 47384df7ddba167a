import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type BrokerOptions, ServiceBroker, type ServiceSchema } from "moleculer";
import { provideConfiguration } from "../../schemas/configuration/broker-configuration";
import type { ReplayView } from "../../services/events/replay/session";
import type { EventRecord } from "../../services/events/stored-event";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import { allCommitted, createSpace, exampleOf, type Space, startReady, waitFor } from "../support";
import { beginReplay, replayIn } from "../support/replays";
import { type Joined, TRANSPORTERS } from "../support/transporters";

const TYPE = "order.placed";
const EVENTS = 2_000;
/** Two bytes a letter, each of which a packet in JSON writes with four characters. */
const CYRILLIC = "ж".repeat(400);

for (const [name, join] of Object.entries(TRANSPORTERS)) {
  describe(`stored events and another node, joined by ${name}`, () => {
    let space: Space;
    let joined: Joined;
    let gateway: ServiceBroker;
    let other: ServiceBroker;
    const ids = Array.from({ length: EVENTS }, (_, number) => `e-${number}`);

    before(async () => {
      space = await createSpace();
      joined = await join(["gateway", "other"]);
      const { transporter, nodeIDs } = joined;
      gateway = createGateway(space.configurationWith({ nodeID: nodeIDs[0], transporter }), {
        broker: { logger: false },
      });
      other = new ServiceBroker({
        nodeID: nodeIDs[1],
        namespace: space.configuration.namespace,
        transporter: transporter as unknown as BrokerOptions["transporter"],
        logger: false,
        created: (broker) => provideConfiguration(broker, space.configuration),
      });
      await Promise.all([startReady(gateway), other.start()]);
      await other.waitForServices(["bridge", "dlq", "events"], 20_000, 50);
      const example = exampleOf(TYPE);
      const metadata = { ...example.metadata, note: CYRILLIC };
      const timed = (number: number) => new Date(Date.UTC(2026, 0, 1) + number).toISOString();
      const messages = ids.map((event_id, number) => ({
        key: `k${number % 50}`,
        value: JSON.stringify({ ...example, event_id, timestamp: timed(number), metadata }),
      }));
      await space.createTopics([TYPE]);
      await space.produce(TYPE, messages);
      await allCommitted(space, ["events"], [TYPE]);
    });
    after(async () => {
      await other?.stop();
      await gateway?.stop();
      await joined?.close();
      await space.close();
    });

    it("exports them all to it, in order and whole, though they are larger than a packet", async () => {
      const stream = await other.call<Readable, object>("events.export", { filter: { event_type: TYPE } });
      const lines = (await text(stream)).trim().split("\n");
      const records = lines.map((line) => JSON.parse(line) as EventRecord);
      assert.deepEqual(
        records.map(({ event }) => event.event_id),
        ids,
      );
      assert.ok(records.every(({ event }) => event.metadata.note === CYRILLIC));
    });

    it("exports an event that is larger than a packet", async () => {
      const example = exampleOf(TYPE);
      const metadata = { ...example.metadata, note: "ж".repeat(700_000) };
      await space.produce(TYPE, [{ value: JSON.stringify({ ...example, event_id: "huge", metadata }) }]);
      await allCommitted(space, ["events"], [TYPE]);
      const filter = { event_ids: ["huge"] };
      const line = await text(await other.call<Readable, object>("events.export", { filter }));
      assert.equal((JSON.parse(line) as EventRecord).event.metadata.note, metadata.note);
      await gateway.call("events.archive", { event_ids: ["huge"], by: "the test", reason: "for itself" });
    });

    it("hands them over again to a plugin that it hosts, in order, as often as it is asked to", async () => {
      const effects = () => space.db.collection("effects");
      other.createService(effectsBatch as unknown as ServiceSchema);
      await allCommitted(space, ["effects-batch"], [TYPE]);
      const before = await effects().countDocuments({ event_id: { $ne: "huge" } });
      assert.equal(before, EVENTS);

      const { id } = await beginReplay(other, { groups: ["effects-batch"], filter: { event_type: TYPE } });
      const { counts } = await replayIn(other, id, "completed");
      assert.deepEqual([counts.read, counts.delivered, counts.failed], [EVENTS, EVENTS, 0]);
      const again = await effects().find({}).sort({ _id: 1 }).toArray();
      const replayed = again.slice(-EVENTS);
      assert.ok(replayed.every(({ redelivered }) => redelivered));
      const ofOneKey = replayed.filter(({ key }) => key === "k7").map(({ event_id }) => event_id);
      assert.deepEqual(
        ofOneKey,
        ids.filter((_, number) => number % 50 === 7),
      );

      const once = { groups: ["effects-batch"], filter: { event_type: TYPE }, again: false };
      const { id: second } = await beginReplay(other, once);
      const { counts: kept } = await replayIn(other, second, "completed");
      assert.deepEqual([kept.delivered, kept.duplicates], [0, EVENTS], "handled within the time to live");
    });

    it("makes a dead letter of what is too large for the way to it, and goes on", async () => {
      const example = exampleOf(TYPE);
      const metadata = { ...example.metadata, note: "x".repeat(1_500_000) };
      const timestamp = "2027-01-01T00:00:00Z";
      const large = { ...example, event_id: "large", timestamp, metadata };
      await space.produce(TYPE, [
        { value: JSON.stringify(large) },
        { value: JSON.stringify({ ...example, event_id: "behind-large", timestamp }) },
      ]);
      await allCommitted(space, ["events", "effects-batch"], [TYPE]);
      await space.db.collection("dead_letters").deleteMany({});
      const { id } = await beginReplay(other, { groups: ["effects-batch"], filter: { from: timestamp } });
      const { counts } = await replayIn(other, id, "completed");
      assert.deepEqual([counts.read, counts.delivered, counts.failed], [2, 1, 1]);
      const letters = await space.db.collection("dead_letters").find({ group: "effects-batch" }).toArray();
      assert.deepEqual(
        letters.map(({ event_id, reason }) => [event_id, reason]),
        [["large", "too_large_for_transporter"]],
      );
    });

    it("waits while its node is away, says so, and goes on when it is back", async () => {
      const filter = { event_type: TYPE, event_ids: ids.slice(0, 300) };
      const { id } = await beginReplay(other, { groups: ["effects-batch"], filter, rate: 100 });
      const session = () => other.call<ReplayView, object>("events.getReplay", { id });
      await waitFor(async () => (await session()).counts.delivered > 0, { what: "the first of them" });
      await other.destroyService("effects-batch");
      await waitFor(async () => (await session()).waiting, { what: "the replay to say that it waits" });
      assert.equal((await session()).status, "running");
      other.createService(effectsBatch as unknown as ServiceSchema);
      const { counts } = await replayIn(other, id, "completed");
      assert.deepEqual([counts.delivered + counts.duplicates, counts.failed], [300, 0]);
    });
  });
}
