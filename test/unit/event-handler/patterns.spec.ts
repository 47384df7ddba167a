import assert from "node:assert/strict";
import { bySpecificity, isPattern, matcherOf, matchesAny } from "../../../mixins/event-handler/patterns";

describe("event patterns", () => {
  for (const [pattern, yes, no] of [
    ["order.placed", ["order.placed"], ["order.placed.late", "order", "orders.placed"]],
    ["order.*", ["order.placed", "order.paid"], ["order", "order.item.added", "payment.captured"]],
    ["order.**", ["order.placed", "order.item.added"], ["order", "payment.captured"]],
    ["*.placed", ["order.placed"], ["order.paid", "shop.order.placed"]],
    ["**", ["order.placed", "a"], []],
  ] as const) {
    it(`${pattern} matches what it says and nothing else`, () => {
      for (const type of yes) assert.ok(matcherOf(pattern)(type), type);
      for (const type of no) assert.ok(!matcherOf(pattern)(type), type);
    });
  }

  it("puts the most specific pattern first", () => {
    const patterns = ["**", "order.*", "order.placed", "order.**", "*.placed"];
    assert.deepEqual(patterns.sort(bySpecificity), ["order.placed", "*.placed", "order.*", "order.**", "**"]);
  });

  it("tells a pattern from anything else", () => {
    for (const good of ["a", "a.b_c", "*", "**", "a.*.c"]) assert.ok(isPattern(good), good);
    for (const bad of ["", ".", "a.", "A.b", "a b", "a.b*", "a..b", "***"]) assert.ok(!isPattern(bad), bad);
  });

  it("asks any of several patterns", () => assert.ok(matchesAny(["user.*", "order.paid"], "order.paid")));
});
