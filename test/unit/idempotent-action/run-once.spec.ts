import assert from "node:assert/strict";
import { type OnceCall, type OncePorts, runOnce } from "../../../mixins/idempotent-action/run-once";
import { type BeginAnswer, type CompleteRequest, MAX_RESULT_BYTES } from "../../../schemas/calls";
import { WeirError } from "../../../schemas/errors";

const CALL: OnceCall = { scope: "payments.charge", key: "k", fingerprint: "f", ttl: 60_000, lease: 5_000 };

describe("running a call once", () => {
  let said: string[];
  let warnings: string[];
  let kept: CompleteRequest | undefined;

  beforeEach(() => {
    said = [];
    warnings = [];
    kept = undefined;
  });

  /** A service that answers so, and remembers what it was asked. */
  function ports(begun: BeginAnswer | Error, changes: Partial<OncePorts> = {}): OncePorts {
    return {
      async begin({ id }) {
        said.push(`begin ${id}`);
        if (begun instanceof Error) throw begun;
        return begun;
      },
      async complete(request) {
        said.push(`complete ${request.id}`);
        kept = request;
        return { status: "settled", ...(request.omitted && { omitted: request.omitted }) };
      },
      async release({ id }) {
        said.push(`release ${id}`);
        return "released";
      },
      newId: () => "id",
      maxResultBytes: MAX_RESULT_BYTES,
      delay: async () => void said.push("wait"),
      warn: (message) => void warnings.push(message),
      ...changes,
    };
  }
  const CLAIMED: BeginAnswer = { status: "claimed", taken_over: false };
  const never = async () => assert.fail("executed");
  const completed = (more: object): BeginAnswer => ({ status: "completed", completed_at: "then", ...more });

  it("executes what is new, keeps what it returned, and answers as a repeat will be answered", async () => {
    const result = { at: new Date("2026-01-01T00:00:00Z"), left_out: undefined };
    const answer = await runOnce(ports(CLAIMED), CALL, async (taken_over) => {
      assert.equal(taken_over, false);
      return result;
    });
    assert.deepEqual(answer, { at: "2026-01-01T00:00:00.000Z" });
    assert.deepEqual(kept, { id: "id", scope: CALL.scope, key: CALL.key, ttl_ms: CALL.ttl, result: answer });
    assert.deepEqual(said, ["begin id", "complete id"]);
  });

  it("tells that an earlier run may have taken effect", async () => {
    let told: boolean | undefined;
    await runOnce(ports({ status: "claimed", taken_over: true }), CALL, async (taken_over) => {
      told = taken_over;
    });
    assert.equal(told, true);
    assert.ok(kept && !kept.omitted && kept.result === undefined);
  });

  it("answers what was executed before, and executes nothing", async () => {
    assert.equal(await runOnce(ports(completed({ result: 7 })), CALL, never), 7);
    assert.equal(await runOnce(ports(completed({})), CALL, never), undefined);
    await assert.rejects(
      runOnce(ports(completed({ omitted: { why: "too_large", bytes: 9 } })), CALL, never),
      {
        type: "WEIR_IDEMPOTENCY_RESULT_NOT_KEPT",
        code: 410,
        data: { scope: CALL.scope, completed_at: "then", why: "too_large", bytes: 9 },
      },
    );
  });

  it("refuses what is at work, to be asked again, and what asks for something else", async () => {
    await assert.rejects(runOnce(ports({ status: "in_flight", retry_after_ms: 3 }), CALL, never), {
      type: "WEIR_IDEMPOTENCY_IN_FLIGHT",
      code: 409,
      retryable: true,
      data: { scope: CALL.scope, retry_after_ms: 3 },
    });
    await assert.rejects(runOnce(ports({ status: "conflict" }), CALL, never), {
      type: "WEIR_IDEMPOTENCY_CONFLICT",
      code: 422,
      retryable: false,
    });
  });

  it("gives the key back when the call fails, and passes its error on, also if that cannot be told", async () => {
    const failure = new Error("no money");
    const fail = async () => {
      throw failure;
    };
    await assert.rejects(runOnce(ports(CLAIMED), CALL, fail), failure);
    assert.deepEqual(said, ["begin id", "release id"]);
    const release = async () => {
      throw new Error("MongoDB is away");
    };
    await assert.rejects(runOnce(ports(CLAIMED, { release }), CALL, fail), failure);
    assert.match(String(warnings), /MongoDB is away.*in flight until its lease of 5000 ms is over/);
  });

  it("executes nothing when the key could not be claimed, and gives back what may have been", async () => {
    const away = new Error("no answer");
    await assert.rejects(runOnce(ports(away), CALL, never), away);
    assert.deepEqual(said, ["begin id", "release id"]);
  });

  it("tells of a result that cannot be kept, and gives it to the first caller as it is", async () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const [result, why] of [
      ["x".repeat(MAX_RESULT_BYTES), "too_large"],
      [cycle, "not_json"],
      [10n, "not_json"],
      [() => 1, "not_json"],
      [process.stdin, "not_json"],
    ] as const) {
      assert.equal(await runOnce(ports(CLAIMED), CALL, async () => result), result);
      assert.equal(kept?.omitted?.why, why);
      assert.ok(kept && !("result" in kept));
      assert.match(String(warnings.at(-1)), /WEIR_IDEMPOTENCY_RESULT_NOT_KEPT/);
    }
    await runOnce(ports(CLAIMED, { maxResultBytes: 4 }), CALL, async () => "long");
    assert.deepEqual(kept?.omitted, { why: "too_large_for_transporter", bytes: 6 });
  });

  it("goes on telling that it was executed, and answers the caller even if nobody could be told", async () => {
    let times = 0;
    const complete = async () => {
      times += 1;
      if (times < 3) throw new Error("MongoDB is away");
      return { status: "settled" as const };
    };
    assert.equal(await runOnce(ports(CLAIMED, { complete }), CALL, async () => 7), 7);
    assert.deepEqual(said, ["begin id", "wait", "wait"]);
    assert.deepEqual(warnings, []);
    times = -100;
    assert.equal(await runOnce(ports(CLAIMED, { complete }), CALL, async () => 7), 7);
    assert.match(String(warnings), /was executed, but its key could not be told so \(MongoDB is away\)/);
  });

  it("tells that it was executed also where the way turns out too narrow for the result", async () => {
    const complete = async (request: CompleteRequest) => {
      said.push(`complete ${request.omitted?.why ?? request.result}`);
      if (request.omitted) return { status: "settled" as const, omitted: request.omitted };
      throw new WeirError("WEIR_TOO_LARGE_FOR_TRANSPORTER", "too large");
    };
    assert.equal(await runOnce(ports(CLAIMED, { complete }), CALL, async () => 7), 7);
    assert.deepEqual(said, ["begin id", "complete 7", "complete too_large_for_transporter"]);
    assert.match(String(warnings), /its result was too large for the way/);
  });

  it("does not give the answer of a run that another has replaced", async () => {
    const complete = async () => ({ status: "fenced" as const });
    await assert.rejects(
      runOnce(ports(CLAIMED, { complete }), CALL, async () => 7),
      { type: "WEIR_IDEMPOTENCY_TAKEN_OVER", code: 409, retryable: true },
    );
  });
});
