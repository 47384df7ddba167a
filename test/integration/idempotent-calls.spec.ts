import assert from "node:assert/strict";
import fc from "fast-check";
import { type Collection, ObjectId } from "mongodb";
import type { BeginRequest } from "../../schemas/calls";
import { CALL_LEASE_MS, MAX_RESULT_BYTES } from "../../schemas/calls";
import type { ClaimDocument } from "../../schemas/claims";
import { beginCall } from "../../services/idempotency/calls/begin";
import type { CallStore } from "../../services/idempotency/calls/call-store";
import { completeCall, releaseCall } from "../../services/idempotency/calls/end";
import { Front } from "../../services/idempotency/calls/front";
import { newCallCounters } from "../../services/idempotency/counters";
import { findKey } from "../../services/idempotency/inspect";
import { createSpace, type Space } from "../support";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe("single calls: one document each, with a lease and a result", () => {
  let space: Space;
  let claims: Collection<ClaimDocument>;
  let now: Date;
  let store: CallStore;

  before(async () => {
    space = await createSpace();
    claims = space.db.collection<ClaimDocument>("idempotency_keys");
    await claims.createIndex({ keys: 1 }, { unique: true });
  });
  beforeEach(async () => {
    await claims.deleteMany({});
    now = new Date("2026-01-01T00:00:00Z");
    store = gateway();
  });
  after(() => space.close());

  /** One gateway's view: all share the claims, none the memory. */
  const gateway = (): CallStore => ({
    claims,
    front: new Front(),
    counters: newCallCounters(),
    now: () => now,
  });
  const pass = (ms: number) => {
    now = new Date(now.getTime() + ms);
  };
  const NAME = { scope: "payments.charge", key: "k" };
  const request = (changes: Partial<BeginRequest> = {}): BeginRequest => ({
    id: new ObjectId().toHexString(),
    ...NAME,
    fingerprint: "params-of-the-call",
    ...changes,
  });
  async function executed(result: unknown, ttl_ms = HOUR_MS): Promise<BeginRequest> {
    const call = request();
    assert.equal((await beginCall(store, call)).status, "claimed");
    assert.equal((await completeCall(store, { ...NAME, id: call.id, ttl_ms, result })).status, "settled");
    return call;
  }

  it("gives the key to one of many that ask at once, on several gateways", async () => {
    const gateways = [store, gateway(), gateway()];
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => beginCall(gateways[index % 3] ?? store, request())),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, ["claimed", ...Array.from({ length: 29 }, () => "in_flight")]);
  });

  it("gives what a completed call returned, to the gateway that completed it and to any other", async () => {
    const result = { id: 7, "a.b": { $set: 1 }, "nul\u0000": [null, "\ud800"], deep: { list: [1.5] } };
    await executed(result);
    for (const asked of [store, gateway()]) {
      const answer = await beginCall(asked, request());
      assert.deepEqual(answer, { status: "completed", completed_at: now.toISOString(), result });
    }
  });

  it("tells nothing from null, and gives both back", async () => {
    await executed(undefined);
    assert.ok(!("result" in (await beginCall(gateway(), request()))));
    await claims.deleteMany({});
    store = gateway();
    await executed(null);
    assert.equal(((await beginCall(gateway(), request())) as { result?: unknown }).result, null);
  });

  it("keeps a result of 1 MiB, tells of a larger one and keeps that it was executed", async () => {
    const text = (bytes: number) => "x".repeat(bytes - 2);
    await executed(text(MAX_RESULT_BYTES));
    const answer = await beginCall(gateway(), request());
    assert.ok(answer.status === "completed" && String(answer.result).length === MAX_RESULT_BYTES - 2);
    await claims.deleteMany({});
    store = gateway();

    const call = request();
    await beginCall(store, call);
    const bytes = MAX_RESULT_BYTES + 1;
    const omitted = { why: "too_large" as const, bytes };
    const completion = { ...NAME, id: call.id, ttl_ms: HOUR_MS, result: text(bytes) };
    assert.deepEqual(await completeCall(store, completion), { status: "settled", omitted });
    for (const asked of [store, gateway()]) {
      const again = await beginCall(asked, request());
      assert.deepEqual(again, { status: "completed", completed_at: now.toISOString(), omitted });
    }
    assert.equal((await claims.findOne({}))?.result?.json, undefined);
    assert.equal(store.counters.omitted, 1);
  });

  it("leaves a result out of an answer that could not carry it, and only there", async () => {
    await executed("x".repeat(1_000));
    const small = await beginCall(store, request({ max_result_bytes: 1_000 }));
    assert.deepEqual(small.status === "completed" && small.omitted, {
      why: "too_large_for_transporter",
      bytes: 1_002,
    });
    const large = await beginCall(store, request({ max_result_bytes: 1_002 }));
    assert.ok(large.status === "completed" && large.result);
  });

  it("reports the same key with other parameters, at work and completed, and changes nothing", async () => {
    const call = request();
    await beginCall(store, call);
    const other = request({ fingerprint: "other-parameters" });
    assert.deepEqual(await beginCall(store, other), { status: "conflict" });
    pass(CALL_LEASE_MS);
    assert.deepEqual(await beginCall(store, other), { status: "conflict" }, "also when the lease is over");
    await completeCall(store, { ...NAME, id: call.id, ttl_ms: HOUR_MS, result: 1 });
    for (const asked of [store, gateway()])
      assert.deepEqual(await beginCall(asked, other), { status: "conflict" });
    assert.equal(store.counters.conflicts, 3);
    const again = await beginCall(store, request());
    assert.ok(again.status === "completed" && again.result === 1);
  });

  it("says how long the one at work may take, five minutes or what was asked for", async () => {
    await beginCall(store, request());
    pass(1_000);
    assert.deepEqual(await beginCall(store, request()), {
      status: "in_flight",
      retry_after_ms: CALL_LEASE_MS - 1_000,
    });
    assert.equal(CALL_LEASE_MS, 5 * MINUTE_MS);
    await beginCall(store, request({ key: "short", lease_ms: 2_000 }));
    pass(1_999);
    assert.equal((await beginCall(store, request({ key: "short" }))).status, "in_flight");
    pass(1);
    assert.equal((await beginCall(store, request({ key: "short" }))).status, "claimed");
  });

  it("lets another be executed when the lease is over; the frozen one that wakes up changes nothing", async () => {
    const frozen = request();
    assert.deepEqual(await beginCall(store, frozen), { status: "claimed", taken_over: false });
    pass(CALL_LEASE_MS);
    const other = gateway();
    const later = request();
    assert.deepEqual(await beginCall(other, later), { status: "claimed", taken_over: true });
    assert.equal(other.counters.takeovers, 1);

    const late = { ...NAME, id: frozen.id, ttl_ms: HOUR_MS, result: "of the frozen one" };
    assert.deepEqual(await completeCall(store, late), { status: "fenced" });
    assert.equal(await releaseCall(store, frozen), "gone");
    assert.equal((await beginCall(store, request())).status, "in_flight", "the later one's claim stands");
    await completeCall(other, { ...NAME, id: later.id, ttl_ms: HOUR_MS, result: "of the later one" });
    assert.deepEqual(await completeCall(store, late), { status: "fenced" });
    const answer = await beginCall(store, request());
    assert.ok(answer.status === "completed" && answer.result === "of the later one");
    assert.equal(store.counters.fenced, 2);
  });

  it("is taken over by one of many that come after the lease", async () => {
    await beginCall(store, request());
    pass(CALL_LEASE_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => beginCall(gateway(), request())));
    assert.deepEqual(
      answers.filter(({ status }) => status === "claimed"),
      [{ status: "claimed", taken_over: true }],
    );
    assert.equal(await claims.countDocuments({}), 1);
  });

  it("a holder that is late, but not replaced, still settles", async () => {
    const call = request();
    await beginCall(store, call);
    pass(2 * CALL_LEASE_MS);
    assert.equal(
      (await completeCall(store, { ...NAME, id: call.id, ttl_ms: HOUR_MS, result: 1 })).status,
      "settled",
    );
  });

  it("gives the key of a failed call back, also to other parameters", async () => {
    const call = request();
    await beginCall(store, call);
    assert.equal(await releaseCall(store, call), "released");
    assert.equal(await releaseCall(store, call), "gone");
    const other = request({ fingerprint: "other-parameters" });
    assert.deepEqual(await beginCall(store, other), { status: "claimed", taken_over: false });
  });

  it("does everything twice as once, where an answer was lost", async () => {
    const call = request();
    for (const _ of [1, 2])
      assert.deepEqual(await beginCall(store, call), { status: "claimed", taken_over: false });
    const completion = { ...NAME, id: call.id, ttl_ms: HOUR_MS, result: 1 };
    for (const _ of [1, 2]) assert.deepEqual(await completeCall(store, completion), { status: "settled" });
    assert.equal(await releaseCall(store, call), "gone", "what was completed stays so");
  });

  it("executes again when its time to live is over, before MongoDB has removed it", async () => {
    await executed("first", MINUTE_MS);
    pass(MINUTE_MS - 1);
    for (const asked of [store, gateway()])
      assert.equal((await beginCall(asked, request())).status, "completed");
    pass(1);
    assert.deepEqual(await beginCall(store, request({ fingerprint: "something-else-now" })), {
      status: "claimed",
      taken_over: false,
    });
    const state = await findKey(claims, "call:payments.charge|k");
    assert.equal(state?.status, "processing");
    assert.ok(!("completed_at" in state || "result_bytes" in state), "nothing is left of the former one");
  });

  it("knows keys by their scope, and long and odd ones apart", async () => {
    await executed("short");
    assert.equal((await beginCall(store, request({ scope: "payments.refund" }))).status, "claimed");
    for (const key of ["k".repeat(256), "\u{1f600}".repeat(128), "$where", "__proto__", "a|b", "k "]) {
      assert.equal((await beginCall(store, request({ key }))).status, "claimed", key);
      assert.equal((await beginCall(store, request({ key }))).status, "in_flight", key);
      const state = await findKey(claims, `call:payments.charge|${key}`);
      assert.deepEqual([state?.group, state?.status], ["call:payments.charge", "processing"]);
    }
  });

  it("any sequence of calls, failures, crashes and time: no second run while one counts, and one answer", async () => {
    const step = fc.record({
      what: fc.constantFrom("call", "call", "complete", "complete", "fail", "late", "pass", "expire"),
      gateway: fc.nat(1),
      which: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await claims.deleteMany({});
        const gateways = [gateway(), gateway()];
        /** Who was told to execute and has not ended, with the time when its lease is over. */
        const running = new Map<string, number>();
        let unsettled = false;
        let answer: { id: string; until: number } | undefined;
        for (const { what, gateway: index, which } of steps) {
          const at = gateways[index] ?? store;
          const id = [...running.keys()][which % Math.max(running.size, 1)];
          if (what === "pass") pass(CALL_LEASE_MS);
          else if (what === "expire") pass(HOUR_MS);
          else if (what === "call") {
            const call = request();
            const begun = await beginCall(at, call);
            const time = now.getTime();
            const known: string | undefined = answer && answer.until > time ? answer.id : undefined;
            if (begun.status === "claimed") {
              assert.equal(known, undefined, "executed again though an answer is kept");
              assert.ok(
                [...running.values()].every((until) => until <= time),
                "two at work",
              );
              assert.equal(begun.taken_over, unsettled, "told that an earlier one may have taken effect");
              unsettled = true;
              running.set(call.id, time + CALL_LEASE_MS);
              answer = undefined;
            } else if (begun.status === "completed") {
              assert.equal(begun.result, known, "the answer is the one that counts");
            }
          } else if (id !== undefined) {
            running.delete(id);
            if (what === "fail" && (await releaseCall(at, { ...NAME, id })) === "released") unsettled = false;
            if (what === "late") pass(CALL_LEASE_MS);
            if (what !== "complete") continue;
            const { status } = await completeCall(at, { ...NAME, id, ttl_ms: HOUR_MS, result: id });
            if (status === "settled") {
              assert.ok(!answer || answer.until <= now.getTime(), "two were settled");
              unsettled = false;
              answer = { id, until: now.getTime() + HOUR_MS };
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
