import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { Page } from "../../../schemas/query-params";
import type { ItemResult } from "../../../services/dlq/item-result";
import type { PolicyRow } from "../../../services/dlq/policies/stored-policies";
import type { LetterStats } from "../../../services/dlq/stats";
import type { LetterDetails, LetterRow } from "../../../services/dlq/view";
import { createGateway } from "../../../services/runtime/gateway";
import notifier from "../../../services/samples/notifier.service";
import { allCommitted, createSpace, exampleOf, type Space, startReady, waitFor } from "../../support";

/** The calls that docs/dead-letters.md shows do what it says. */
describe("actions of the dead letter queue in the documentation", () => {
  let space: Space;
  let broker: ServiceBroker;
  const told: string[] = [];

  const pager: ServiceSchema = {
    name: "pager",
    events: {
      "dlq.message.exhausted"(ctx: Context<{ id: string; group?: string; reason: string }>) {
        told.push(`${ctx.params.group}: ${ctx.params.reason}`);
      },
    },
  };

  before(async () => {
    space = await createSpace();
    const plugins = [notifier as unknown as ServiceSchema, pager];
    broker = createGateway(space.configuration, { plugins, broker: { logger: false } });
    await startReady(broker);
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });

  /** A registration that the notifier cannot mail to. */
  async function bounce(user_id: string): Promise<void> {
    const payload = { ...exampleOf("user.registered").payload, user_id, email: `${user_id}@bounce.example` };
    await broker.call("bridge.publish", { event_type: "user.registered", payload });
    await allCommitted(space, ["notifier", "events"], ["user.registered"]);
  }

  it("list, get and stats", async () => {
    await bounce("u1");
    const { rows, total } = await broker.call<Page<LetterRow>, object>("dlq.list", {
      status: "pending",
      group: "notifier",
      from: "2026-01-01T00:00:00Z",
      pageSize: 50,
    });
    const letter = await broker.call<LetterDetails, object>("dlq.get", { id: rows[0]?.id });
    const stats = await broker.call<LetterStats>("dlq.stats");
    assert.equal(total, 1);
    assert.match(String(letter.raw_text), /u1@bounce\.example/);
    assert.deepEqual([stats.by_group, stats.by_age.hour], [{ notifier: 1 }, 1]);
  });

  it("retry and discard", async () => {
    const [failed] = await broker.call<ItemResult[], object>("dlq.retry", {
      filter: { group: "notifier", reason: "handler_error" },
    });
    const [closed] = await broker.call<ItemResult[], object>("dlq.discard", {
      ids: [failed?.id],
      reason: "the address does not exist",
      by: "ann@shop.example",
    });
    assert.deepEqual([failed?.ok, failed?.status], [false, "pending"]);
    assert.deepEqual([closed?.ok, closed?.status], [true, "discarded"]);
  });

  it("setPolicy, policies and removePolicy", async () => {
    const policy = await broker.call<PolicyRow, object>("dlq.setPolicy", {
      match: { group: "notifier", event_type: "user.*" },
      retry: { kind: "exponential_backoff", base_ms: 1_000, limit: 1 },
      by: "ann@shop.example",
      note: "the mail provider is moving",
    });
    const policies = await broker.call<PolicyRow[]>("dlq.policies");
    assert.deepEqual(policies, [policy]);
    await bounce("u2");
    await waitFor(() => told.length === 1, { what: "the letter to be exhausted" });
    assert.deepEqual(told, ["notifier: handler_error"]);
    await broker.call("dlq.removePolicy", { id: policy.id });
    assert.deepEqual(await broker.call("dlq.policies"), []);
  });
});
