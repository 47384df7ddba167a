import assert from "node:assert/strict";
import fc from "fast-check";
import type { ServiceBroker } from "moleculer";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { IdempotencyStats, KeyState } from "../../services/idempotency/inspect";
import { METRICS } from "../../services/idempotency/metrics";
import { createGateway } from "../../services/runtime/gateway";
import { createSpace, type Space, waitFor } from "../support";

const ID = "0123456789abcdef01234567";
const BY = { topic: "t", partition: 0, epoch: 1, attempt: 1, from: 0, to: 0 };
const CALL = { id: ID, scope: "a.b", key: "k" };

/** Of every action, parameters that it takes. */
const GOOD = {
  claim: { group: "g", keys: ["g|a"], by: BY },
  settle: {
    id: ID,
    release: [],
    claimed: 1,
    ttl_ms: 1,
    from: { group: "g", topic: "t", partition: 0, to: 0 },
  },
  acquire: { group: "g", topic: "t", partition: 0, committed_progress_id: null },
  beginAnew: { group: "g", topic: "t", partition: 0, epoch: 1, progress_id: "p", from: 0 },
  begin: { ...CALL, fingerprint: "f".repeat(43), lease_ms: 5_000 },
  complete: { ...CALL, ttl_ms: 5_000, result: { $set: 1 }, omitted: { why: "not_json" } },
  release: CALL,
  get: { key: "g|a" },
};

describe("idempotency service", () => {
  let space: Space;
  let broker: ServiceBroker;

  before(async () => {
    space = await createSpace();
    broker = createGateway(space.configuration, {
      services: ["services/idempotency/idempotency.service.ts", "services/dlq/dlq.service.ts"],
      broker: {
        logger: false,
        metrics: { enabled: true, collectInterval: 0.1, collectProcessMetrics: false },
      },
    });
    await broker.start();
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });
  beforeEach(() => space.db.collection("idempotency_keys").deleteMany({}));

  const call = <T>(action: string, params: object) => broker.call<T, object>(`idempotency.${action}`, params);
  const stored = async () =>
    JSON.stringify([
      await space.db.collection("idempotency_keys").find({}).toArray(),
      await space.db.collection("progress").find({}).toArray(),
    ]);

  it("get: a held key, a handled one, a failed one by its open letter, and one that nobody knows", async () => {
    const get = (key: string) => call<KeyState | null>("get", { key });
    const { id } = await call<{ id: string }>("claim", { group: "g", keys: ["g|a", "g|b"], by: BY });
    const held = await get("g|a");
    assert.deepEqual([held?.key, held?.group, held?.status], ["g|a", "g", "processing"]);
    assert.ok(held && held.status !== "failed" && held.lease_until);
    assert.deepEqual(held.by, BY);
    await call("settle", { id, release: ["g|b"], claimed: 2, ttl_ms: 60_000 });
    assert.equal((await get("g|a"))?.status, "completed");
    assert.equal(await get("g|b"), null);

    const letter: DeadLetterInput = {
      identity: "failed|g|b",
      event_id: "b",
      event_type: "order.placed",
      group: "g",
      reason: "handler_error",
      error: { type: "Error", message: "out of paper" },
      attempts: 3,
      first_failed_at: new Date(),
      original_topic: "t",
      partition: 0,
      offset: "7",
      key: null,
      headers: {},
      raw: Buffer.from("{}"),
    };
    await broker.call("dlq.put", { letters: [letter] });
    const failed = await get("g|b");
    assert.ok(failed?.status === "failed");
    assert.deepEqual(
      [failed.group, failed.letter.reason, failed.letter.error.message],
      ["g", "handler_error", "out of paper"],
    );
    await broker.call("dlq.discard", { id: failed.letter.id, reason: "enough" });
    assert.equal(await get("g|b"), null);
  });

  it("stats and metrics: what is in hand, and what this node counted", async () => {
    const before = await call<IdempotencyStats>("stats", {});
    const begin = { ...GOOD.begin, key: "counted" };
    await call("begin", begin);
    await call("begin", { ...begin, id: "f".repeat(24) });
    assert.equal((await call<IdempotencyStats>("stats", {})).processing, 1);
    await call("complete", { ...CALL, key: "counted", ttl_ms: 60_000, result: 1 });
    await call("begin", { ...begin, id: "f".repeat(24) });
    await call("begin", { ...begin, fingerprint: "g".repeat(43) });
    const stats = await call<IdempotencyStats>("stats", {});
    const { calls, front } = stats;
    const more = (name: keyof typeof calls) => calls[name] - before.calls[name];
    assert.deepEqual(
      [more("claimed"), more("in_flight"), more("settled"), more("answered"), more("conflicts")],
      [1, 1, 1, 1, 1],
    );
    assert.deepEqual([front.hits - before.front.hits, front.misses - before.front.misses], [2, 2]);
    assert.deepEqual([stats.processing, stats.documents], [0, 1]);

    const value = (name: string, labels?: object) =>
      broker.metrics.getMetric(name)?.get(labels as never)?.value;
    await waitFor(() => value("weir.idempotency.front.hits.total") === front.hits, { what: "the metrics" });
    assert.equal(value("weir.idempotency.duplicates.total", { kind: "call" }), calls.answered);
    assert.equal(value("weir.idempotency.conflicts.total"), calls.conflicts);
    assert.equal(value("weir.idempotency.active"), 0);
    for (const { name } of METRICS) assert.ok(broker.metrics.getMetric(name), name);
  });

  it("stats and metrics: duplicates, busy keys and takeovers of events, and late settles", async () => {
    const counted = async () => (await call<IdempotencyStats>("stats", {})).node;
    const before = await counted();
    const claim = (keys: string[], changes = {}) =>
      call<{ id: string }>("claim", { group: "g", keys, by: { ...BY, ...changes } });
    const settle = (id: string) => call("settle", { id, release: [], claimed: 1, ttl_ms: 60_000 });
    await settle((await claim(["g|handled"])).id);
    await claim(["g|handled"]);
    const frozen = await claim(["g|held"]);
    await claim(["g|held"], { partition: 1 });
    const next = await claim(["g|held"], { epoch: BY.epoch + 1 });
    await settle(frozen.id);
    await settle(next.id);
    const now = await counted();
    const more = Object.entries(now).map(([name, count]) => [name, count - before[name as keyof typeof now]]);
    assert.deepEqual(Object.fromEntries(more), {
      claimed: 3,
      duplicates: 1,
      busy: 1,
      takeovers: 1,
      settled: 2,
      fenced: 1,
    });
    const value = (name: string) =>
      broker.metrics.getMetric(`weir.idempotency.${name}.total`)?.get({ kind: "event" } as never)?.value;
    await waitFor(() => value("fenced") === now.fenced, { what: "the metrics" });
    assert.deepEqual(["claimed", "duplicates", "busy", "takeovers"].map(value), [
      now.claimed,
      now.duplicates,
      now.busy,
      now.takeovers,
    ]);
  });

  it("uses an index to count what is in hand", async () => {
    await call("begin", GOOD.begin);
    const plan = await space.db
      .collection("idempotency_keys")
      .find({ status: "processing" })
      .explain("queryPlanner" as never);
    assert.match(JSON.stringify((plan as { queryPlanner: object }).queryPlanner), /"indexName":"in_hand"/);
  });

  const hostile = fc.constantFrom<unknown>(
    { $ne: null },
    { $gt: "" },
    { $where: "sleep(1000)" },
    { $regex: "(a+)+$" },
    [],
    ["a"],
    null,
    undefined,
    true,
    -1,
    1.5,
    Number.MAX_VALUE,
    Number.NaN,
    "",
    "x".repeat(20_000),
    JSON.parse('{"__proto__":{"a":1}}'),
    { constructor: { prototype: { a: 1 } } },
  );
  /** What a member may be all the same. */
  const HARMLESS: Record<string, unknown[]> = {
    partition: [-1],
    epoch: [-1],
    attempt: [-1],
    from: [-1, undefined, null],
    to: [-1],
    committed_progress_id: [null, "", "x".repeat(20_000)],
    lease_ms: [undefined, null],
    omitted: [undefined, null],
    release: [[], ["a"]],
    keys: [["a"]],
  };

  for (const [action, good] of Object.entries(GOOD)) {
    it(`${action}: refuses hostile input with a ValidationError, and nothing is changed`, async () => {
      const before = await stored();
      const names = Object.keys(good).filter((name) => name !== "result");
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...names), hostile, async (name, value) => {
          if (HARMLESS[name]?.some((harmless) => JSON.stringify(harmless) === JSON.stringify(value))) return;
          await assert.rejects(call(action, { ...structuredClone(good), [name]: value }), {
            name: "ValidationError",
          });
        }),
        { numRuns: 150 },
      );
      const extra = [{ $where: "1" }, { extra: 1 }, JSON.parse('{"__proto__":{"polluted":1}}')];
      for (const more of extra) {
        const params = Object.defineProperties(
          structuredClone(good),
          Object.getOwnPropertyDescriptors(more as object),
        );
        await assert.rejects(call(action, params), { name: "ValidationError" }, JSON.stringify(more));
      }
      assert.equal(await stored(), before);
      assert.equal(({} as { polluted?: number }).polluted, undefined);
    });
  }

  it("refuses what is hostile within lists and objects", async () => {
    const before = await stored();
    const bad: [string, object][] = [
      ["claim", { ...GOOD.claim, keys: [{ $ne: 1 }] }],
      ["claim", { ...GOOD.claim, keys: [""] }],
      ["claim", { ...GOOD.claim, keys: ["x".repeat(1_025)] }],
      ["claim", { ...GOOD.claim, keys: Array.from({ length: 10_001 }, (_, index) => `k${index}`) }],
      ["claim", { ...GOOD.claim, by: { ...BY, $set: 1 } }],
      ["claim", { ...GOOD.claim, by: { ...BY, topic: { $gt: "" } } }],
      ["settle", { ...GOOD.settle, release: [{ $ne: 1 }] }],
      ["settle", { ...GOOD.settle, from: { ...GOOD.settle.from, group: { $ne: 1 } } }],
      ["begin", { ...GOOD.begin, key: "a\u0000b" }],
      ["begin", { ...GOOD.begin, scope: "a|b" }],
      ["complete", { ...GOOD.complete, omitted: { why: "because" } }],
      ["stats", { $where: 1 }],
    ];
    for (const [action, params] of bad)
      await assert.rejects(call(action, params), { name: "ValidationError" }, action);
    assert.equal(await stored(), before);
  });
});
