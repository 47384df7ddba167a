import assert from "node:assert/strict";
import type { PolicyMatch } from "../../../../schemas/dlq-policy";
import { choosePolicy, type MatchedLetter } from "../../../../services/dlq/policies/choose-policy";

const LETTER: MatchedLetter = {
  event_type: "order.paid",
  original_topic: "shop.order.paid",
  group: "mails",
  reason: "handler_error",
};

/** The position of the chosen policy; -1: none. */
function chosen(matches: PolicyMatch[], letter: Partial<MatchedLetter> = {}): number {
  const policies = matches.map((match, index) => ({
    match,
    retry: { kind: "immediate" as const, limit: index + 1 },
  }));
  const retry = choosePolicy(policies, { ...LETTER, ...letter });
  return retry.kind === "immediate" ? (retry.limit ?? 0) - 1 : -1;
}

describe("which retry policy holds for a dead letter", () => {
  it("none: a person is waited for", () => {
    assert.equal(chosen([]), -1);
    assert.equal(chosen([{ group: "other" }, { event_type: "order.*.*" }, { topic: "order.paid" }]), -1);
  });

  it("the group's before the topic's before the event type's before one for all, whatever their order", () => {
    const [all, type, topic, group]: [PolicyMatch, PolicyMatch, PolicyMatch, PolicyMatch] = [
      {},
      { event_type: "order.paid" },
      { topic: "shop.order.paid" },
      { group: "mails" },
    ];
    assert.equal(chosen([group, topic, type, all]), 0);
    assert.equal(chosen([topic, type, all]), 0);
    assert.equal(chosen([all, type]), 1);
    assert.equal(chosen([{ ...type, ...topic }, group]), 1, "group alone outweighs type and topic");
    assert.equal(chosen([{ ...group, ...type }, group]), 0);
    assert.equal(chosen([{ reason: "handler_error" }, { ...group, ...topic, ...type }]), 0);
  });

  it("of equally specific ones the last", () => {
    assert.equal(chosen([{ group: "mails" }, { group: "mails" }]), 1);
    assert.equal(chosen([{ event_type: "**" }, { event_type: "order.paid" }, { event_type: "order.*" }]), 2);
  });

  it("patterns of event types: one level, any depth", () => {
    const nested = { event_type: "order.line.added" };
    assert.equal(chosen([{ event_type: "order.*" }], nested), -1);
    assert.equal(chosen([{ event_type: "order.**" }], nested), 0);
    assert.equal(chosen([{ event_type: "**" }], { event_type: undefined }), -1);
  });

  it("what no retry can mend, or somebody imported, only where the policy names the reason", () => {
    const notMended = ["unparseable", "unknown_type", "invalid", "unstorable", "event_id_conflict"];
    for (const reason of [...notMended, "imported"]) {
      assert.equal(chosen([{}, { group: "mails" }], { reason }), -1);
      assert.equal(chosen([{ reason }, {}], { reason }), 0);
    }
    assert.equal(chosen([{ reason: "timeout" }]), -1);
  });
});
