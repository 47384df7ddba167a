import assert from "node:assert/strict";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import type { PolicyRow } from "../../../services/dlq/policies/stored-policies";
import { createSpace, type Space } from "../../support";
import { createDlqNode, type DlqNode, letterInput, TestClock } from "../../support/dead-letters";

const MAILS: DlqPolicy = {
  match: { group: "mails" },
  retry: { kind: "fixed_interval", interval_ms: 60_000 },
};

describe("retry policies of dead letters", () => {
  let space: Space;
  const clock = new TestClock();
  let one: DlqNode;
  let other: DlqNode;

  before(async () => {
    space = await createSpace({ dlq: { policies: [MAILS] } });
    [one, other] = [createDlqNode(space.configuration, clock), createDlqNode(space.configuration, clock)];
    await Promise.all([one.broker.start(), other.broker.start()]);
  });
  after(async () => {
    await Promise.all([one.broker.stop(), other.broker.stop()]);
    await space.close();
  });
  beforeEach(async () => {
    for (const name of ["dead_letters", "dlq_policies"]) await space.db.collection(name).deleteMany({});
  });

  const policies = (node: DlqNode) => node.call<PolicyRow[]>("dlq.policies");
  const set = (policy: object) =>
    one.call<PolicyRow>("dlq.setPolicy", { by: "ann", ...structuredClone(policy) });

  it("shows the configured ones, and those set at run time behind them", async () => {
    const { id } = await set({ match: {}, retry: { kind: "immediate", limit: 2 }, note: "for the night" });
    const [configured, stored, ...more] = await policies(other);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [configured?.source, configured?.match, configured?.retry],
      ["configuration", MAILS.match, MAILS.retry],
    );
    const { set_at = "", ...row } = stored as PolicyRow;
    assert.equal(set_at, clock.now().toISOString());
    assert.deepEqual(row, {
      id,
      source: "stored",
      match: {},
      retry: { kind: "immediate", limit: 2 },
      by: "ann",
      note: "for the night",
    });
  });

  it("a change holds for every gateway at once; a policy with the same match takes the other's place", async () => {
    await other.put(letterInput("before"));
    assert.equal((await other.get("before")).status, "pending");
    await set({ match: { group: "orders" }, retry: { kind: "immediate" } });
    await other.put(letterInput("immediate"));
    assert.equal((await other.get("immediate")).next_retry_at, clock.now().toISOString());
    const { id } = await set({
      match: { group: "orders" },
      retry: { kind: "fixed_interval", interval_ms: 5_000 },
    });
    assert.equal((await policies(other)).length, 2);
    await other.put(letterInput("in-five"));
    const { status, next_retry_at = "" } = await other.get("in-five");
    assert.deepEqual([status, Date.parse(next_retry_at) - clock.at], ["scheduled", 5_000]);
    assert.deepEqual(await one.call("dlq.removePolicy", { id }), { id });
    await other.put(letterInput("after"));
    assert.equal((await other.get("after")).status, "pending");
    assert.equal(
      (await other.get("before")).status,
      "pending",
      "letters that wait for a person go on waiting",
    );
  });

  it("one set at run time overrides a configured one with the same match; removed, that holds again", async () => {
    const { id } = await set({ match: MAILS.match, retry: { kind: "manual" } });
    await other.put(letterInput("overridden", { group: "mails" }));
    assert.equal((await other.get("overridden")).status, "pending");
    await one.call("dlq.removePolicy", { id });
    await other.put(letterInput("again", { group: "mails" }));
    assert.equal((await other.get("again")).status, "scheduled");
    await assert.rejects(one.call("dlq.removePolicy", { id }), {
      type: "WEIR_DLQ_POLICY_NOT_FOUND",
      message: /WEIR_DLQ_POLICIES/,
    });
    await assert.rejects(one.call("dlq.removePolicy", { id: "0".repeat(24) }), {
      type: "WEIR_DLQ_POLICY_NOT_FOUND",
      code: 404,
    });
  });

  it("refuses what is no policy, and stores nothing", async () => {
    const manual = { kind: "manual" };
    const polluting = JSON.parse('{ "__proto__": { "group": "x" } }');
    const wrong: [action: string, params: object][] = [
      ["dlq.setPolicy", {}],
      ["dlq.setPolicy", { match: {}, retry: manual }],
      ["dlq.setPolicy", { match: {}, retry: manual, by: "" }],
      ["dlq.setPolicy", { match: {}, retry: manual, by: { $ne: "x" } }],
      ["dlq.setPolicy", { match: { group: { $ne: null } }, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: { $where: "sleep(1000)" }, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: polluting, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: { group: "g".repeat(257) }, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: { event_type: "**.**.**.**.**.**.x" }, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: { event_type: "(a+)+$" }, retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: [], retry: manual, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "sometimes" }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "manual", limit: 1 }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "fixed_interval" }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "fixed_interval", interval_ms: -1 }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "fixed_interval", interval_ms: "9" }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "exponential_backoff", factor: 0.5 }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "exponential_backoff", limit: 1e9 }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: { kind: "scheduled", at: "tonight" }, by: "ann" }],
      ["dlq.setPolicy", { match: {}, retry: manual, by: "ann", note: ["x"] }],
      ["dlq.setPolicy", { match: {}, retry: manual, by: "ann", more: 1 }],
      ["dlq.removePolicy", {}],
      ["dlq.removePolicy", { id: { $gt: "" } }],
      ["dlq.removePolicy", { id: "x" }],
      ["dlq.policies", { query: {} }],
    ];
    for (const [action, params] of wrong) {
      const told = `${action} ${JSON.stringify(params)}`;
      await assert.rejects(one.call(action, params), { name: "ValidationError" }, told);
    }
    assert.equal(await space.db.collection("dlq_policies").countDocuments(), 0);
  });
});
