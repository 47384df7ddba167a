import assert from "node:assert/strict";
import type { Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import { ObjectId } from "mongodb";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { ClaimDocument } from "../../schemas/claims";
import type {
  DeliverRequest,
  DeliverResponse,
  EventEnvelope,
  TransactionDelivery,
} from "../../schemas/delivery";
import { createGateway } from "../../services/runtime/gateway";
import {
  allCommitted,
  createSpace,
  type Effect,
  exampleOf,
  type Space,
  startReady,
  waitFor,
} from "../support";

const TYPE = "order.placed";
/** A chunk whose first handler is slow has no time left to begin another one. */
const BUDGET_MS = 10_000;
const SHORT = { timeout: 8_000 };
const SLOW_MS = 2_100;
type Handle = (event: EventEnvelope, delivery: TransactionDelivery) => unknown;
type Batch = (events: EventEnvelope[], deliveries: TransactionDelivery[]) => unknown;

/** A chunk's keys are claimed by the first write of its transaction; they are looked up only where duplicates are likely. */
describe("the claim of a transaction", () => {
  let space: Space;
  let gateway: ServiceBroker;
  let handed: string[];
  let answers: string[][];
  let kafkaKey: string | null;

  beforeEach(async () => {
    space = await createSpace({ topics: { partitions: 1 } });
    await space.createTopics([TYPE]);
    await space.db.createCollection("effects");
    handed = [];
    answers = [];
    kafkaKey = null;
  });
  afterEach(async () => {
    await gateway.stop();
    await space.close();
  });

  /** What the plugin answers to each chunk. */
  const watch = {
    name: "Watch",
    localAction(next: (ctx: Context<DeliverRequest>) => Promise<DeliverResponse>, action: { name?: string }) {
      if (action.name !== "tx.deliver") return next;
      return async (ctx: Context<DeliverRequest>) => {
        const outcomes = await next(ctx);
        answers.push(outcomes.map(({ status }) => status));
        return outcomes;
      };
    },
  } as unknown as Middleware;

  async function start(
    handler: Handle | Batch,
    options: object = {},
    more: object = {},
    beside: object = {},
  ): Promise<void> {
    const plugin = {
      name: "tx",
      mixins: [
        eventHandler({
          transaction: true,
          handlers: { [TYPE]: { retry: { attempts: 1 }, ...options, handler: handler as never }, ...beside },
          ...more,
        }),
      ],
    };
    gateway = createGateway(space.configuration, {
      plugins: [plugin] as ServiceSchema[],
      broker: { logger: false, middlewares: [watch] },
    });
    await startReady(gateway);
  }

  /** A handler that leaves one plain insert behind. */
  const effect: Handle = async ({ event_id }, { tx }) => {
    handed.push(event_id);
    await tx.collection<Partial<Effect>>("effects").insertOne({ group: "tx", event_id });
  };

  /** In one message set: what is sent after the group has caught up comes as a chunk of its own. */
  async function send(...ids: string[]): Promise<void> {
    const messages = ids.map((event_id) => ({
      key: kafkaKey,
      value: JSON.stringify({ ...exampleOf(TYPE), event_id }),
    }));
    await space.produce(TYPE, messages);
  }
  async function sendAndSettle(...ids: string[]): Promise<void> {
    await send(...ids);
    await allCommitted(space, ["tx"], [TYPE]);
  }

  const keyOf = (id: string) => `tx|${TYPE}|${id}`;
  const claims = () => space.db.collection<ClaimDocument>("idempotency_keys");
  const claimsOfGroup = () => claims().find({ group: "tx" }).sort({ "by.from": 1 }).toArray();
  const letters = () => space.db.collection("dead_letters").find({ group: "tx" }).toArray();
  async function effects(): Promise<string[]> {
    const found = await space.db.collection<Effect>("effects").find({ group: "tx" }).toArray();
    return found.map(({ event_id }) => event_id).sort();
  }

  /** Look-ups of this group's keys, by MongoDB's own word. */
  async function countLookUps(work: () => Promise<void>): Promise<number> {
    await space.db.command({ profile: 2 });
    try {
      const since = new Date();
      await work();
      return await space.db.collection("system.profile").countDocuments({
        ts: { $gte: since },
        "command.aggregate": "idempotency_keys",
        "command.pipeline.0.$match.keys.$in": /^tx\|/,
      });
    } finally {
      await space.db.command({ profile: 0 });
    }
  }

  it("is made without a look-up, before any handler is called", async () => {
    const seen: (number | undefined)[] = [];
    const look: Handle = async (event, delivery) => {
      const claim = await delivery.tx.collection<ClaimDocument>("idempotency_keys").findOne({ group: "tx" });
      seen.push(claim?.n);
      await effect(event, delivery);
    };
    await start(look);
    assert.equal(await countLookUps(() => sendAndSettle("a", "b", "c")), 0);
    assert.deepEqual([seen.length, seen.includes(undefined)], [3, false]);
    assert.deepEqual(await effects(), ["a", "b", "c"]);
    assert.equal((await claimsOfGroup()).flatMap(({ keys }) => keys).length, 3);
  });

  it("keeps duplicates from the handler; looks up after them, until there are none", async () => {
    await start(effect);
    await sendAndSettle("a", "b");
    assert.equal(await countLookUps(() => sendAndSettle("c", "a", "d", "b")), 1, "when the claim met them");
    assert.deepEqual(handed, ["a", "b", "c", "d"]);
    assert.equal(await countLookUps(() => sendAndSettle("e", "a")), 1, "beforehand");
    assert.equal(await countLookUps(() => sendAndSettle("f")), 1, "in vain");
    assert.equal(await countLookUps(() => sendAndSettle("g")), 0);
    assert.equal(await countLookUps(() => sendAndSettle("b", "h")), 1, "met again");
    assert.deepEqual(handed, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    assert.deepEqual(await effects(), handed);
    const counted = (wanted: string) => answers.flat().filter((status) => status === wanted).length;
    assert.deepEqual(["completed", "duplicate", "not_started"].map(counted), [8, 4, 0]);
  });

  it("aborts no transaction for duplicates that were to be expected", async () => {
    await start(effect);
    await sendAndSettle("a", "b");
    await sendAndSettle("a", "c");
    const aborted = async () =>
      Number((await space.mongo.db("admin").command({ serverStatus: 1 })).transactions.totalAborted);
    const before = await aborted();
    await sendAndSettle("b", "d");
    assert.equal(await aborted(), before);
    assert.deepEqual(await effects(), ["a", "b", "c", "d"]);
  });

  it("holds exactly what was done where the time was up, and the rest follows", async () => {
    const until = { done: 0 };
    const slowAtB: Handle = async (event, delivery) => {
      await effect(event, delivery);
      if (event.event_id !== "b" || until.done > 0) return;
      // The chunk's budget has no time left for another handler then.
      until.done = Date.now() + SLOW_MS;
      await waitFor(() => Date.now() > until.done, { what: "the budget to be used up" });
    };
    await start(slowAtB, SHORT, { budget: BUDGET_MS });
    await sendAndSettle("a", "b", "c", "d");
    assert.ok(answers.some((statuses) => statuses.includes("not_started")));
    const made = await claimsOfGroup();
    assert.ok(made.length >= 2);
    assert.deepEqual(
      made.flatMap(({ keys }) => keys),
      ["a", "b", "c", "d"].map(keyOf),
    );
    for (const { keys, n, by, status } of made) {
      assert.deepEqual([n, by.to - by.from + 1, status], [keys.length, keys.length, "completed"]);
    }
    assert.deepEqual(handed, ["a", "b", "c", "d"]);
    assert.deepEqual(await effects(), handed);
    assert.deepEqual(await letters(), []);
  });

  it("waits for another open transaction that holds one of its keys: nothing fails, everything is handled once", async () => {
    await start(effect);
    await sendAndSettle("first");
    const session = space.mongo.startSession();
    session.startTransaction();
    const by = { topic: "another", partition: 0, epoch: 1, attempt: 1, from: 0, to: 0 };
    const expires_at = new Date(Date.now() + 60_000);
    await claims().insertOne(
      { _id: new ObjectId(), group: "tx", keys: [keyOf("b")], n: 1, by, status: "completed", expires_at },
      { session },
    );
    await send("a", "b", "c");
    await waitFor(() => answers.some((statuses) => statuses.includes("not_started")), { what: "it to wait" });
    assert.deepEqual(handed, ["first"], "no handler was called in vain");
    await session.abortTransaction();
    await new Promise<void>((resolve) => session.endSession(() => resolve()));
    await allCommitted(space, ["tx"], [TYPE]);
    assert.deepEqual(handed, ["first", "a", "b", "c"]);
    assert.deepEqual(await effects(), ["a", "b", "c", "first"]);
    assert.deepEqual(await letters(), []);
  });

  it("lets nothing pass a key that somebody has in hand, when it is met by the claim", async () => {
    await start(effect);
    await sendAndSettle("first");
    const by = { topic: "another", partition: -1, epoch: 0, attempt: 0, from: 0, to: 0 };
    const later = new Date(Date.now() + 60_000);
    const _id = new ObjectId();
    await claims().insertOne({
      _id,
      group: "tx",
      keys: [keyOf("b")],
      n: 1,
      by,
      status: "processing",
      lease_until: later,
      expires_at: later,
    });
    await send("a", "b", "c");
    await waitFor(
      () => answers.filter((statuses) => statuses[0] === "busy" || statuses[1] === "busy").length > 1,
      {
        what: "b to be busy",
      },
    );
    assert.deepEqual(handed, ["first", "a"]);
    await claims().deleteOne({ _id });
    await allCommitted(space, ["tx"], [TYPE]);
    assert.deepEqual(handed, ["first", "a", "b", "c"]);
    assert.deepEqual(await effects(), ["a", "b", "c", "first"]);
  });

  it("is not to blame for a duplicate key of a handler's own: that is its event's failure", async () => {
    await space.db.collection("effects").createIndex({ event_id: 1 }, { unique: true });
    await space.db.collection("effects").insertOne({ group: "somebody", event_id: "b" });
    await start(effect);
    assert.equal(await countLookUps(() => sendAndSettle("a", "b", "c")), 0);
    const [letter, ...more] = await letters();
    assert.deepEqual(
      [letter?.event_id, letter?.reason, letter?.attempts, more.length],
      ["b", "handler_error", 1, 0],
    );
    assert.match(String(letter?.error.message), /E11000.*effects/);
    assert.deepEqual(await effects(), ["a", "c"]);
    assert.deepEqual(
      (await claimsOfGroup()).flatMap(({ keys }) => keys),
      [keyOf("a"), keyOf("c")],
    );
  });

  it("leaves nothing behind of a chunk of which only what claims nothing was done", async () => {
    const slow: Handle = async (event, delivery) => {
      await effect(event, delivery);
      const until = Date.now() + SLOW_MS;
      await waitFor(() => Date.now() > until, { what: "the budget to be used up" });
    };
    const paid = { ...SHORT, idempotency: false, handler: slow };
    await start(effect, SHORT, { budget: BUDGET_MS }, { "order.paid": paid });
    const items = ["order.paid", TYPE].map((event_type, offset) => ({
      event: { ...exampleOf(event_type), event_id: event_type },
      delivery: { offset: String(offset), key: null, headers: {}, redelivered: false },
    }));
    // Without a partition, as a redrive does.
    const request = { group: "tx", topic: "any", partition: -1, epoch: 0, attempt: 0, items };
    for (const _ of ["once", "and again: the unique index knows no two claims without keys"]) {
      const outcomes = await gateway.call<DeliverResponse, object>("tx.deliver", request);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["completed", "not_started"],
      );
      assert.deepEqual(await claimsOfGroup(), []);
    }
    assert.deepEqual(handed, ["order.paid", "order.paid"]);
  });

  it("is preceded by a look-up where events come again", async () => {
    await start(effect);
    const deliver = async (event_id: string, redelivered: boolean) => {
      const delivery = { offset: "0", key: null, headers: {}, redelivered };
      const items = [{ event: { ...exampleOf(TYPE), event_id }, delivery }];
      const request = { group: "tx", topic: "any", partition: -1, epoch: 0, attempt: 0, items };
      await gateway.call("tx.deliver", request);
    };
    assert.equal(await countLookUps(() => deliver("a", false)), 0);
    assert.equal(await countLookUps(() => deliver("b", true)), 1);
    assert.equal(await countLookUps(() => deliver("a", true)), 1);
    assert.deepEqual(answers, [["completed"], ["completed"], ["duplicate"]]);
    assert.deepEqual(handed, ["a", "b"]);
  });

  it("is preceded by a look-up where order is strict: what is done already waits behind nothing", async () => {
    const picky: Handle = async (event, delivery) => {
      if (event.event_id === "bad") throw new Error("no");
      await effect(event, delivery);
    };
    kafkaKey = "k";
    await start(picky, { order: "strict" });
    await sendAndSettle("a", "bad");
    await sendAndSettle("a", "b");
    assert.deepEqual(
      (await letters()).map(({ event_id, reason }) => `${event_id} ${reason}`),
      ["bad handler_error", "b parked"],
    );
    assert.deepEqual(await effects(), ["a"]);
  });

  it("is none where nothing is claimed; a copy within a chunk is handed over once", async () => {
    const batch: Batch = async (events, deliveries) => {
      for (const [index, event] of events.entries())
        await effect(event, deliveries[index] as TransactionDelivery);
    };
    await start(batch, { batch: true, idempotency: false });
    await sendAndSettle("a", "a");
    assert.deepEqual(await effects(), ["a", "a"]);
    assert.deepEqual(await claimsOfGroup(), []);
    await gateway.stop();
    handed = [];
    await start(batch, { batch: true });
    await sendAndSettle("b", "c", "b", "d");
    assert.deepEqual(handed, ["b", "c", "d"]);
  });
});
