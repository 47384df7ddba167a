import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { BridgeStatus } from "../../services/bridge/status";
import type { PrivateServers } from "../../services/embedded/private-servers";
import { createGateway } from "../../services/runtime/gateway";
import {
  allCommitted,
  createSpace,
  type Effect,
  exampleOf,
  privateServers,
  type Space,
  startReady,
} from "../support";

const TYPE = "order.placed";

describe("a transaction whose server's answers are lost", () => {
  let servers: PrivateServers;
  let space: Space;
  let gateway: ServiceBroker;
  let handed: string[];

  before(async () => {
    // As long as a server keeps a transaction by default.
    const mongoParameters = { enableTestCommands: 1, transactionLifetimeLimitSeconds: 60 };
    servers = await privateServers({ mongoParameters });
  });
  beforeEach(async () => {
    handed = [];
    space = await createSpace({
      topics: { partitions: 1 },
      kafka: { brokers: servers.brokers },
      mongo: { url: servers.mongoUrl },
    });
    await space.createTopics([TYPE]);
    await space.db.createCollection("effects");
  });
  afterEach(async () => {
    await failPoint("off");
    await gateway?.stop();
    await space?.close();
  });
  after(() => servers?.close());

  const failPoint = (mode: string | object, data: object = {}) =>
    space.mongo.db("admin").command({ configureFailPoint: "failCommand", mode, data });

  async function start(): Promise<void> {
    const plugin = {
      name: "tx",
      mixins: [
        eventHandler({
          transaction: true,
          handlers: {
            async [TYPE]({ event_id }, { tx }) {
              handed.push(event_id);
              const effects = tx.collection<Partial<Effect>>("effects");
              await effects.insertOne({ group: "tx", event_id });
              await effects.distinct("event_id", {});
            },
          },
        }),
      ],
    };
    gateway = createGateway(space.configuration, {
      plugins: [plugin] as ServiceSchema[],
      broker: { logger: false },
    });
    await startReady(gateway);
  }

  async function sendAndSettle(...ids: string[]): Promise<void> {
    const messages = ids.map((event_id) => ({
      key: null,
      value: JSON.stringify({ ...exampleOf(TYPE), event_id }),
    }));
    await space.produce(TYPE, messages);
    await allCommitted(space, ["tx"], [TYPE]);
  }

  async function assertCompleted(events: number): Promise<void> {
    assert.equal(await space.db.collection("effects").countDocuments({ group: "tx" }), events);
    const { groups } = await gateway.call<BridgeStatus>("bridge.status");
    const counts = groups.find(({ group }) => group === "tx")?.counts;
    const { completed, duplicate, failed, not_started } = counts ?? {};
    assert.deepEqual([completed, duplicate, failed, not_started], [events, 0, 0, 0]);
  }

  it("is known by its claim when the commit is never certain: what took effect is not handed over again", async () => {
    await start();
    // It commits, but says each time that it cannot tell whether a majority has it.
    await failPoint("alwaysOn", {
      failCommands: ["commitTransaction"],
      writeConcernError: { code: 64, errmsg: "waiting for replication timed out" },
    });
    await sendAndSettle("a", "b");
    assert.deepEqual(handed, ["a", "b"]);
    await assertCompleted(2);
  });

  it("is ended before the next one, when its connection was lost and its abort as well: its keys hold nothing up", async () => {
    await start();
    // The driver says an abort twice.
    const failCommands = ["distinct", "abortTransaction"];
    await failPoint({ times: 3 }, { failCommands, closeConnection: true });
    await sendAndSettle("a", "b");
    assert.deepEqual(handed, ["a", "a", "b"]);
    await assertCompleted(2);
  });
});
