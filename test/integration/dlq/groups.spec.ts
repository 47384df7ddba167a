import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import type { Page } from "../../../schemas/query-params";
import type { BatchedResult, RedeliveryBatch } from "../../../schemas/redelivery";
import dlq from "../../../services/dlq/dlq.service";
import type { GroupRow } from "../../../services/dlq/grouping/list-groups";
import type { RedriveRow } from "../../../services/dlq/redrive/status";
import type { LetterRow } from "../../../services/dlq/view";
import { createSpace, type Space, waitFor } from "../../support";
import { createBroker } from "../../support/broker";
import { letterInput } from "../../support/dead-letters";

describe("dlq.groups", () => {
  let space: Space;
  let broker: ServiceBroker;
  let result: BatchedResult;

  const bridge: ServiceSchema = {
    name: "bridge",
    actions: {
      redeliverMany: (ctx: Context<RedeliveryBatch>) => ctx.params.letters.map(() => result),
      redeliver: () => result,
    },
  };

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [dlq, bridge]).broker;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });
  beforeEach(async () => {
    for (const name of ["dead_letters", "redrives", "redrive_chunks", "dlq_groups"])
      await space.db.collection(name).deleteMany({});
  });

  let number = 0;
  function put(count: number, changes: (n: number) => Partial<DeadLetterInput> = () => ({})) {
    const letters = Array.from({ length: count }, (_, n) => {
      number += 1;
      return letterInput(`g-${number}`, { key: `k${n}`, ...changes(n) });
    });
    return broker.call("dlq.put", { letters });
  }
  const groups = (params = {}) => broker.call<Page<GroupRow>, object>("dlq.groups", params);
  const first = async (params = {}) => (await groups(params)).rows[0];
  const setGroup = (params: object) => broker.call<object, object>("dlq.setGroup", params);

  it("answers what is broken right now: a row per cause, the most frequent first", async () => {
    await put(20);
    await put(12, (n) => ({
      group: "mails",
      event_type: "user.registered",
      key: `k${n % 2}`,
      first_failed_at: new Date("2026-01-02T00:00:00Z"),
      error: { type: "Bounced", message: `no mailbox ${n}` },
    }));
    await put(1, () => ({ group: undefined, reason: "invalid", event_type: "order.paid", key: null }));
    const { rows, total } = await groups();
    assert.equal(total, 3);
    assert.deepEqual(
      rows.map(({ group, reason, count, keys, pattern, status }) => [
        group,
        reason,
        count,
        keys,
        pattern,
        status,
      ]),
      [
        ["orders", "handler_error", 20, 20, "outage", "open"],
        ["mails", "handler_error", 12, 2, "poison", "open"],
        [undefined, "invalid", 1, 1, "mixed", "open"],
      ],
    );
    const mails = rows[1];
    assert.equal(mails?.first_seen, "2026-01-02T00:00:00.000Z");
    assert.equal(mails?.error.type, "Bounced");
    const letter = await broker.call<LetterRow, object>("dlq.get", { id: mails?.sample });
    assert.equal(letter.fingerprint, mails?.fingerprint);
    const { fingerprint } = letter;
    const of = await broker.call<Page<LetterRow>, object>("dlq.list", { fingerprint });
    assert.equal(of.total, 12);
    assert.equal((await groups({ filter: { group: "mails" } })).total, 1);
    assert.equal((await groups({ pageSize: 2, page: 2 })).rows.length, 1);
  });

  it("takes what people say of a cause, keeps what was said before, and leaves out what is ignored", async () => {
    await put(2);
    const { fingerprint = "" } = (await first()) ?? {};
    const note = "the printer is being mended";
    await setGroup({ fingerprint, status: "acknowledged", note, by: "ada" });
    const known = await first();
    assert.deepEqual([known?.status, known?.note, known?.by], ["acknowledged", note, "ada"]);
    assert.equal((await groups({ status: "open" })).total, 0);
    await setGroup({ fingerprint, status: "ignored", by: "grace" });
    assert.equal((await groups()).total, 0);
    assert.equal((await first({ status: "ignored" }))?.note, undefined);
    const said = await space.db.collection("dlq_groups").findOne({});
    assert.deepEqual(
      said?.history.map(({ status, by }: { status: string; by: string }) => [status, by]),
      [
        ["acknowledged", "ada"],
        ["ignored", "grace"],
      ],
    );
    await assert.rejects(setGroup({ fingerprint: "f".repeat(16), status: "open", by: "ada" }), {
      type: "WEIR_FAILURE_GROUP_NOT_FOUND",
      code: 404,
    });
  });

  it("opens a resolved one again when it fails again, also in a retry or a redrive", async () => {
    await put(2);
    const { fingerprint = "" } = (await first()) ?? {};
    await setGroup({ fingerprint, status: "resolved", by: "ada" });
    assert.equal((await first())?.status, "resolved");
    await put(1);
    assert.equal((await first())?.status, "open");
    assert.equal((await space.db.collection("dlq_groups").findOne({}))?.status, "open");

    await setGroup({ fingerprint, status: "resolved", by: "ada" });
    result = {
      status: "failed",
      reason: "handler_error",
      error: { type: "Error", message: "still no paper" },
    };
    await broker.call("dlq.retry", { id: (await first())?.sample });
    assert.equal((await space.db.collection("dlq_groups").findOne({}))?.status, "open");

    await setGroup({ fingerprint, status: "resolved", by: "ada" });
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", { filter: { fingerprint } });
    await waitFor(
      async () => (await broker.call<RedriveRow, object>("dlq.redriveStatus", { id })).status === "paused",
      {
        what: "the canary to fail",
      },
    );
    assert.equal((await first())?.status, "open");
    assert.deepEqual((await first())?.during_redrive, { new: 0, again: 1 });
    await put(2);
    assert.deepEqual((await first())?.during_redrive, { new: 2, again: 1 });
    await broker.call("dlq.cancelRedrive", { id });
    assert.equal((await first())?.during_redrive, null);
  });
});
