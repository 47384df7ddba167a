import assert from "node:assert/strict";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { BridgeStatus } from "../../services/bridge/status";
import { unknownCodec } from "../../services/kafka/codecs";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import batches from "../fixtures/java-batches.json";
import {
  allCommitted,
  createSpace,
  exampleOf,
  kafkaClient,
  type Space,
  startReady,
  waitFor,
} from "../support";
import { produceRaw } from "../support/raw-produce";

const TYPE = "order.placed";

/** Batches of three events each that Kafka's own Java client has framed; the third is of about 100 KB. */
describe("messages as other producers send them", () => {
  let space: Space;
  let gateway: ServiceBroker;

  beforeEach(async () => {
    space = await createSpace();
    await space.createTopics([TYPE], 1);
    gateway = createGateway(space.configuration, { plugins: [effectsBatch] as unknown as ServiceSchema[] });
    await startReady(gateway);
  });
  afterEach(async () => {
    await gateway.stop();
    await space.close();
  });

  const status = (): Promise<BridgeStatus> => gateway.call("bridge.status");
  const storedIds = async () => (await space.db.collection("events").distinct("event_id", {})).sort();
  const send = (codec: keyof typeof batches) =>
    produceRaw(
      space.configuration.kafka.brokers[0] ?? "",
      space.topic(TYPE),
      Buffer.from(batches[codec], "base64"),
    );

  for (const codec of ["gzip", "snappy", "lz4", "zstd"] as const) {
    it(`compressed with ${codec} by the Java client: delivered whole, with keys and headers`, async () => {
      await send(codec);
      await allCommitted(space, ["events", "effects-batch"], [TYPE]);
      assert.deepEqual(
        await storedIds(),
        [0, 1, 2].map((number) => `${codec}-${number}`),
      );
      const large = await space.db.collection("events").findOne({ event_id: `${codec}-2` });
      assert.equal(large?.metadata.note.length, 110_000);
      assert.equal(large?.kafka.key, "key2");
    });
  }

  it("compressed with a codec that is not known: said in the status and the log, and taken as soon as it is known", async () => {
    const codecs = CompressionCodecs as Record<number, unknown>;
    const known = codecs[CompressionTypes.ZSTD];
    try {
      // A broker takes no batch with a number that it does not know itself.
      codecs[CompressionTypes.ZSTD] = () => unknownCodec(CompressionTypes.ZSTD);
      await send("zstd");
      const degraded = await waitFor(
        async () => {
          const { reasons } = await status();
          return reasons.find((reason) => /codec 4, which this version does not know/.test(reason));
        },
        { what: "the status to name the codec" },
      );
      assert.match(degraded, /group (events|effects-batch): .*update the gateway/);
    } finally {
      codecs[CompressionTypes.ZSTD] = known;
    }
    await allCommitted(space, ["events", "effects-batch"], [TYPE]);
    assert.equal((await storedIds()).length, 3);
  });

  it("of an aborted transaction: not delivered, and committed over", async () => {
    const producer = kafkaClient(space.configuration.kafka.brokers).producer({
      transactionalId: space.name,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    for (const outcome of ["abort", "commit", "abort"] as const) {
      const transaction = await producer.transaction();
      const event = { ...exampleOf(TYPE), event_id: `${outcome}ed` };
      await transaction.send({ topic: space.topic(TYPE), messages: [{ value: JSON.stringify(event) }] });
      await transaction[outcome]();
    }
    await producer.disconnect();
    await allCommitted(space, ["events", "effects-batch"], [TYPE]);
    assert.deepEqual(await storedIds(), ["commited"]);
    const effects = await space.db.collection("effects").find({}).toArray();
    assert.deepEqual(
      effects.map(({ event_id }) => event_id),
      ["commited"],
    );
  });
});
