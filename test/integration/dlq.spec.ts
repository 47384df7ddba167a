import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { Page } from "../../schemas/query-params";
import type { Redelivery, RedeliveryResult } from "../../schemas/redelivery";
import dlq from "../../services/dlq/dlq.service";
import type { ItemResult } from "../../services/dlq/item-result";
import type { LetterStats } from "../../services/dlq/stats";
import type { LetterDetails, LetterRow } from "../../services/dlq/view";
import { createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";
import { letterInput } from "../support/dead-letters";

type PutAnswer = { inserted: number; present: number };

describe("dlq service", () => {
  let space: Space;
  let broker: ServiceBroker;
  let redeliver: (letter: Redelivery) => Promise<RedeliveryResult> | RedeliveryResult;
  let heard: string[];

  // Stands for the bridge: what a plugin would answer to the letter.
  const bridge: ServiceSchema = {
    name: "bridge",
    actions: { redeliver: (ctx: Context<{ letter: Redelivery }>) => redeliver(ctx.params.letter) },
  };
  const listener: ServiceSchema = {
    name: "listener",
    events: {
      "dlq.message.*": (ctx: Context<{ id: string }>) => void heard.push(`${ctx.eventName} ${ctx.params.id}`),
    },
  };

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [dlq, bridge, listener]).broker;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });
  beforeEach(async () => {
    heard = [];
    redeliver = () => ({ status: "delivered" });
    await space.db.collection("dead_letters").deleteMany({});
  });

  const letter = (identity: string, changes: Partial<DeadLetterInput> = {}) =>
    letterInput(identity, { event_id: "e-1", ...changes });
  const put = (...letters: unknown[]) => broker.call<PutAnswer, object>("dlq.put", { letters });
  const list = (params = {}) => broker.call<Page<LetterRow>, object>("dlq.list", params);
  const get = (id: string) => broker.call<LetterDetails, object>("dlq.get", { id });
  const retry = (params: object) => broker.call<ItemResult[], object>("dlq.retry", params);
  const idOf = async (filter = {}) => (await list(filter)).rows[0]?.id ?? "";

  it("keeps a letter once while it is open, however often and by however many it is put", async () => {
    assert.deepEqual(await put(letter("a"), letter("b")), { inserted: 2, present: 0 });
    const answers = await Promise.all([1, 2, 3].map(() => put(letter("a"), letter("b"), letter("c"))));
    assert.equal(
      answers.reduce((sum, { inserted }) => sum + inserted, 0),
      1,
    );
    assert.equal((await list()).total, 3);
    await retry({ id: await idOf() });
    await put(letter("a"), letter("b"), letter("c"));
    assert.equal((await list()).total, 4, "what fails again after it was closed opens a new letter");
  });

  it("gives back the exact bytes, also what is no text, empty or a tombstone", async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x7b]);
    await put(
      letter("text"),
      letter("bytes", { raw: bytes, reason: "unparseable" }),
      letter("empty", { raw: Buffer.alloc(0), reason: "empty" }),
      letter("tombstone", { raw: null, reason: "tombstone", key: null }),
      // As a letter arrives over a transporter.
      JSON.parse(JSON.stringify(letter("remote", { raw: bytes, reason: "remote" }))),
    );
    const text = await get(await idOf({ reason: "handler_error" }));
    assert.equal(text.raw_text, '{"n":1}');
    assert.deepEqual(text.headers, { "x.trace": "abc" });
    assert.equal(text.key, "ord-1");
    for (const reason of ["unparseable", "remote"]) {
      const { raw_base64, raw_text } = await get(await idOf({ reason }));
      assert.equal(raw_base64, bytes.toString("base64"));
      assert.equal(raw_text, undefined);
    }
    assert.equal((await get(await idOf({ reason: "empty" }))).raw_base64, "");
    assert.equal((await get(await idOf({ reason: "tombstone" }))).raw_base64, null);
  });

  it("keeps 15 MiB whole, and of error details what fits, saying what it cut", async () => {
    const raw = Buffer.alloc(15 * 1024 * 1024, "x");
    const details: Record<string, unknown> = { long: "y".repeat(3_000_000) };
    details.self = details;
    await put(letter("large", { raw, error: { type: "E", message: "m".repeat(100_000), details } }));
    const stored = await get(await idOf());
    assert.ok(Buffer.from(stored.raw_base64 ?? "", "base64").equals(raw));
    assert.deepEqual(stored.cut, ["error"]);
    let handed = 0;
    redeliver = ({ raw: bytes }) => {
      handed = bytes?.length ?? 0;
      return {
        status: "failed",
        reason: "handler_error",
        error: { type: "E", message: "m".repeat(100_000) },
      };
    };
    assert.equal((await retry({ id: stored.id }))[0]?.status, "pending");
    assert.equal(handed, raw.length);
  });

  it("takes whatever a plugin's error and a message's headers hold", async () => {
    const details = { "a.b": 1, $set: 2, "nul\0": 3, when: new Date(0), f: () => 1 };
    const headers = { "a.b": "1", $x: "2", "nul\0": "3" };
    await put(letter("odd", { error: { type: "E", message: "m", details }, headers }));
    const stored = await get(await idOf());
    assert.deepEqual(stored.headers, headers);
    assert.match(JSON.stringify(stored.error.details), /nul/);
    await put(
      letter("even", { reason: "even", error: { type: "E", message: "m", details: { "a.b": { $c: 1 } } } }),
    );
    assert.deepEqual((await get(await idOf({ reason: "even" }))).error.details, { "a.b": { $c: 1 } });
  });

  it("lists by status, type, group, topic, reason and time, page by page", async () => {
    await put(
      letter("1"),
      letter("2", { group: "mails", reason: "timeout" }),
      letter("3", { event_type: "order.paid", original_topic: "shared" }),
    );
    const total = async (filter: object) => (await list(filter)).total;
    assert.equal(await total({ group: "orders" }), 2);
    assert.equal(await total({ reason: "timeout" }), 1);
    assert.equal(await total({ event_type: "order.paid" }), 1);
    assert.equal(await total({ topic: "shared" }), 1);
    assert.equal(await total({ status: "pending" }), 3);
    assert.equal(await total({ status: "discarded" }), 0);
    assert.equal(await total({ from: "2026-01-01T00:00:00Z" }), 3);
    assert.equal(await total({ to: "2026-01-01T00:00:00Z" }), 0);
    const pages = [await list({ pageSize: 2 }), await list({ pageSize: 2, page: 2 })];
    assert.deepEqual(
      pages.map(({ rows, ...rest }) => ({ ...rest, rows: rows.length })),
      [
        { total: 3, page: 1, pageSize: 2, rows: 2 },
        { total: 3, page: 2, pageSize: 2, rows: 1 },
      ],
    );
    assert.ok(!("raw" in (pages[0]?.rows[0] ?? {})));
  });

  it("takes no query operators and no ids that are none", async () => {
    await put(letter("1"));
    const invalid: [action: string, params: object][] = [
      ["dlq.list", { event_type: { $ne: null } }],
      ["dlq.list", { status: "open" }],
      ["dlq.list", { query: {} }],
      ["dlq.list", { from: "yesterday" }],
      ["dlq.get", { id: { $gt: "" } }],
      ["dlq.get", { id: "123456789012" }],
      ["dlq.retry", {}],
      ["dlq.retry", { id: "0".repeat(24), ids: ["0".repeat(24)] }],
      ["dlq.retry", { ids: [] }],
      ["dlq.discard", { id: "0".repeat(24) }],
      ["dlq.put", { letters: [{ identity: 1 }] }],
      ["dlq.put", { letters: [] }],
    ];
    for (const [action, params] of invalid) {
      await assert.rejects(
        broker.call(action, params),
        { name: "ValidationError" },
        `${action} ${JSON.stringify(params)}`,
      );
    }
    await assert.rejects(get("0".repeat(24)), { type: "WEIR_DEAD_LETTER_NOT_FOUND", code: 404 });
  });

  it("closes a letter that was delivered, and tells its story", async () => {
    await put(letter("1"));
    const id = await idOf();
    const seen: Redelivery[] = [];
    redeliver = (redelivery) => {
      seen.push(redelivery);
      return { status: "delivered" };
    };
    assert.deepEqual(await retry({ id }), [{ id, ok: true, status: "retried", result: "delivered" }]);
    assert.deepEqual(seen, [
      {
        id,
        group: "orders",
        reason: "handler_error",
        raw: Buffer.from('{"n":1}'),
        original_topic: "order.placed",
        partition: 1,
        offset: "42",
        key: "ord-1",
        headers: { "x.trace": "abc" },
      },
    ]);
    const closed = await get(id);
    assert.deepEqual([closed.status, closed.open], ["retried", false]);
    assert.deepEqual(
      closed.history.map(({ action }) => action),
      ["received", "retried"],
    );
    const [again] = await retry({ id });
    assert.deepEqual(
      [again?.ok, again?.status, again?.error?.type],
      [false, "retried", "WEIR_DEAD_LETTER_CLOSED"],
    );
    await waitFor(() => heard.length === 2, { what: "both broker events" });
    assert.deepEqual(heard.sort(), [`dlq.message.received ${id}`, `dlq.message.retried ${id}`]);
  });

  it("keeps a letter whose delivery fails again, with the new error and one attempt more", async () => {
    await put(letter("1"));
    const id = await idOf();
    redeliver = () => ({ status: "failed", reason: "timeout", error: { type: "T", message: "too slow" } });
    assert.deepEqual(await retry({ id }), [
      { id, ok: false, status: "pending", error: { type: "T", message: "too slow" } },
    ]);
    const { attempts, reason, error, open, history } = await get(id);
    assert.deepEqual(
      { attempts, reason, error, open },
      {
        attempts: 4,
        reason: "timeout",
        error: { type: "T", message: "too slow" },
        open: true,
      },
    );
    assert.equal(history.at(-1)?.action, "retry_failed");
    redeliver = () => ({ status: "duplicate" });
    assert.equal((await retry({ id }))[0]?.result, "duplicate");
  });

  it("leaves a letter as it was when nobody could take it", async () => {
    await put(letter("1"));
    const id = await idOf();
    const before = await get(id);
    redeliver = () => Promise.reject(new Error("no plugin"));
    const [result] = await retry({ id });
    assert.deepEqual([result?.ok, result?.error?.message], [false, "no plugin"]);
    assert.deepEqual(await get(id), before);
  });

  it("answers for each of many letters, also those that are not there", async () => {
    await put(...Array.from({ length: 10 }, (_, n) => letter(`many-${n}`, { offset: String(n) })));
    const rows = (await list()).rows;
    const unknown = "0".repeat(24);
    redeliver = ({ offset }) =>
      offset === "3" ? { status: "refused", reason: "invalid" } : { status: "delivered" };
    const ids = [...rows.map(({ id }) => id), unknown];
    const results = await retry({ ids });
    assert.deepEqual(
      results.map(({ id }) => id),
      ids,
    );
    assert.equal(results.filter(({ ok }) => ok).length, 9);
    assert.equal(results.at(-1)?.error?.type, "WEIR_DEAD_LETTER_NOT_FOUND");
    assert.equal((await list({ status: "pending" })).total, 1);
  });

  it("retries and discards all open letters that a filter means, more than one page of them", async () => {
    await put(
      ...Array.from({ length: 250 }, (_, n) => letter(`wanted-${n}`, { group: "mail" })),
      letter("other"),
    );
    const results = await retry({ filter: { group: "mail" } });
    assert.equal(results.length, 250);
    assert.ok(results.every(({ ok }) => ok));
    assert.equal((await list({ status: "pending" })).total, 1);
    await put(letter("again-1", { group: "mail" }), letter("again-2", { group: "mail" }));
    const discarded = await broker.call<ItemResult[], object>("dlq.discard", {
      filter: { group: "mail" },
      reason: "the mails are obsolete",
    });
    assert.equal(discarded.length, 2, "closed letters are left alone");
    for (const filter of [{}, { unheard: "x" }, { group: { $ne: "x" } }]) {
      await assert.rejects(retry({ filter }), { name: "ValidationError" });
    }
  });

  it("runs a letter once when two retry it at the same time", async () => {
    await put(letter("1"));
    const id = await idOf();
    let runs = 0;
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    redeliver = async () => {
      runs++;
      await finished;
      return { status: "delivered" };
    };
    const first = retry({ id });
    await waitFor(() => runs === 1, { what: "the first retry to be under way" });
    const [second] = await retry({ id });
    assert.equal(second?.error?.type, "WEIR_DEAD_LETTER_BUSY");
    finish();
    assert.equal((await first)[0]?.ok, true);
    assert.equal(runs, 1);
  });

  it("discards for good, with a reason", async () => {
    await put(letter("1"));
    const id = await idOf();
    const discard = () =>
      broker.call<ItemResult[], object>("dlq.discard", { ids: [id], reason: "test data" });
    assert.deepEqual(await discard(), [{ id, ok: true, status: "discarded" }]);
    assert.equal((await discard())[0]?.error?.type, "WEIR_DEAD_LETTER_CLOSED");
    assert.equal((await retry({ id }))[0]?.error?.type, "WEIR_DEAD_LETTER_CLOSED");
    const { history } = await get(id);
    assert.deepEqual(
      history.map(({ at: _at, ...entry }) => entry),
      [
        { action: "received", reason: "handler_error" },
        // A call that names nobody: the node it comes from.
        { action: "discarded", reason: "test data", by: `a call from ${broker.nodeID}` },
      ],
    );
  });

  it("counts what waits", async () => {
    assert.equal((await broker.call<LetterStats>("dlq.stats")).oldest_open, null);
    await put(
      letter("1"),
      letter("2", { reason: "timeout" }),
      letter("3", { group: undefined, event_type: undefined }),
    );
    await retry({ id: await idOf({ reason: "timeout" }) });
    assert.deepEqual(await broker.call("dlq.stats"), {
      total: 3,
      open: 2,
      by_status: { pending: 2, scheduled: 0, retried: 1, discarded: 0 },
      by_reason: { handler_error: 2 },
      by_topic: { "order.placed": 2 },
      by_event_type: { "order.placed": 1, "-": 1 },
      by_group: { orders: 1, "-": 1 },
      by_age: { hour: 0, day: 0, week: 0, older: 2 },
      oldest_open: "2026-01-01T00:00:00.000Z",
    });
  });

  it("keeps letters for the configured days, or until somebody closes them", async () => {
    await put(letter("1"));
    const { created_at, expires_at = "" } = await get(await idOf());
    assert.equal(Date.parse(expires_at) - Date.parse(created_at), 7 * 86_400_000);

    const never = createBroker(space.configurationWith({ deadLetterTtlDays: "never" }), [dlq]).broker;
    await never.start();
    await never.call("dlq.put", { letters: [letter("2", { reason: "kept" })] });
    const id = await idOf({ reason: "kept" });
    assert.equal((await get(id)).expires_at, undefined);
    await never.call("dlq.discard", { id, reason: "done" });
    assert.notEqual((await get(id)).expires_at, undefined);
    await never.stop();
  });
});
