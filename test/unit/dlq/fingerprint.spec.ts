import assert from "node:assert/strict";
import { fingerprintOf, topFrame } from "../../../services/dlq/grouping/fingerprint";
import { patternOf } from "../../../services/dlq/grouping/pattern";

const stack = (line: number, root = "/srv/a") =>
  [
    "TypeError: Cannot read properties of undefined",
    `    at readFirst (${root}/node_modules/lib/index.js:${line}:7)`,
    `    at async Stock.handler (${root}/services/stock/stock.service.ts:${line}:11)`,
    "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
  ].join("\n");

const cause = (changes = {}) => ({
  reason: "handler_error",
  error: { type: "TypeError", message: "of u-17", stack: stack(12) },
  group: "stock",
  event_type: "order.placed",
  ...changes,
});

describe("fingerprint of a failure", () => {
  it("is the same whatever the message, the line or the folder of an installation", () => {
    const error = { type: "TypeError", message: "of u-18", stack: stack(99, "/opt/release-2") };
    assert.equal(fingerprintOf(cause({ error })), fingerprintOf(cause()));
    assert.match(fingerprintOf(cause()), /^[0-9a-f]{16}$/);
  });

  it("differs with reason, kind of error, place, group and event type", () => {
    const all = [
      cause(),
      cause({ reason: "timeout" }),
      cause({ group: "mails" }),
      cause({ group: undefined }),
      cause({ event_type: "order.paid" }),
      cause({ error: { type: "RangeError", message: "", stack: stack(12) } }),
      cause({ error: { type: "TypeError", message: "", stack: "TypeError\n    at other (/a/b/c.ts:1:2)" } }),
      cause({ error: { type: "TypeError", message: "" } }),
    ];
    assert.equal(new Set(all.map(fingerprintOf)).size, all.length);
  });

  it("names the function and file of the plugin's own code", () => {
    assert.equal(topFrame(stack(1)), "Stock.handler stock/stock.service.ts");
    assert.equal(topFrame("E\n    at /srv/app/services/x/y.service.js:3:9"), "x/y.service.js");
    assert.equal(topFrame("E\n    at file:///srv/app/x/y.js:3:9"), "x/y.js");
    assert.equal(topFrame("E\n    at f (/a/node_modules/p/i.js:1:1)"), "f p/i.js");
    assert.equal(topFrame("no frames at all"), undefined);
    assert.equal(topFrame(undefined), undefined);
    assert.doesNotThrow(() => topFrame(`    at ${"(".repeat(50_000)}`));
  });

  it("of a message that is not valid is the rule that it broke, wherever in a list", () => {
    const invalid = (path: string, keyword: string) =>
      fingerprintOf({
        reason: "invalid",
        error: {
          type: "WEIR_EVENT_INVALID",
          message: path,
          details: { errors: [{ path, keyword, message: path }] },
        },
      });
    assert.equal(invalid("/payload/items/0/sku", "type"), invalid("/payload/items/17/sku", "type"));
    assert.notEqual(invalid("/payload/items/0/sku", "type"), invalid("/payload/items/0/sku", "minLength"));
    assert.notEqual(invalid("/payload/items/0/sku", "type"), invalid("/payload/items/0/price", "type"));
  });
});

describe("pattern of the failures of one cause", () => {
  const counted = { count: 1, attempts: 3, keys: 1, ofPlugin: 100, sameError: 1 };

  it("is poison where a few keys fail again and again", () => {
    assert.equal(patternOf({ ...counted, count: 12, attempts: 36, keys: 2 }), "poison");
    assert.equal(patternOf({ ...counted, attempts: 30 }), "poison", "one letter, retried in vain");
  });

  it("is an outage where nearly all of a plugin's failures are of one kind, over many keys", () => {
    assert.equal(patternOf({ count: 40, attempts: 120, keys: 38, ofPlugin: 100, sameError: 95 }), "outage");
  });

  it("is mixed where neither can be told", () => {
    assert.equal(patternOf(counted), "mixed");
    assert.equal(patternOf({ count: 40, attempts: 120, keys: 38, ofPlugin: 100, sameError: 40 }), "mixed");
  });
});
