import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import events from "../../services/events/events.service";
import { createSpace, type Space } from "../support";
import { createBroker } from "../support/broker";
import { seeded } from "../support/traffic";

const CALLS = 1_500;
const ACTIONS = [
  "list",
  "get",
  "search",
  "histogram",
  "chain",
  "export",
  "archive",
  "replay",
  "replays",
  "getReplay",
  "pauseReplay",
  "resumeReplay",
  "cancelReplay",
];
const NAMES = [
  "event_type",
  "aggregate_id",
  "user_id",
  "correlation_id",
  "from",
  "to",
  "event_id",
  "event_ids",
  "filter",
  "groups",
  "topic",
  "order",
  "rate",
  "again",
  "dry_run",
  "by",
  "reason",
  "id",
  "text",
  "cursor",
  "page",
  "pageSize",
  "status",
  "interval",
  "$where",
  "__proto__",
  "constructor",
  "query",
];

/** Whatever anybody sends: an answer, or an error that says what is wrong with it; never a fault of MongoDB, nothing executed. */
describe("events service: random parameters", () => {
  let space: Space;
  let broker: ServiceBroker;
  // Stands for the bridge, which knows no group here.
  const bridge: ServiceSchema = {
    name: "bridge",
    actions: {
      checkTargets() {
        throw Object.assign(new Error("no such group"), { code: 404, type: "WEIR_GROUP_UNKNOWN" });
      },
    },
  };

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [events, bridge]).broker;
    await broker.start();
    await space.db
      .collection("events")
      .insertOne({ event_id: "e", event_type: "a.b", timestamp: new Date(), payload: {} });
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });

  it("are answered or refused, and change nothing", async () => {
    const random = seeded(7);
    const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const value = (depth = 0): unknown => {
      const plain: unknown[] = [
        "a.b",
        "",
        "x".repeat(10_000),
        "a\0b",
        "$where",
        "(a+)+$",
        "2026-01-01T00:00:00Z",
        "no date",
        "0".repeat(24),
        "9".repeat(400),
        `1-${"0".repeat(24)}`,
        `-${"9".repeat(15)}-${"f".repeat(24)}`,
        0,
        -1,
        1e308,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        2 ** 53,
        0.5,
        true,
        false,
        null,
        undefined,
        new Date(Number.NaN),
        Buffer.from("x"),
        /(a+)+$/,
      ];
      if (depth > 2 || random() < 0.6) return any(plain);
      if (random() < 0.4) return Array.from({ length: any([0, 1, 3, 2_000]) }, () => any(plain));
      const operators = [
        "$ne",
        "$gt",
        "$in",
        "$regex",
        "$where",
        "$expr",
        "$function",
        "__proto__",
        "toString",
        ...NAMES,
      ];
      const members = Array.from(
        { length: any([1, 2, 3]) },
        () => [any(operators), value(depth + 1)] as const,
      );
      // As JSON.parse makes it: `__proto__` is an ordinary member then.
      return Object.fromEntries(members);
    };
    const outcomes = new Map<string, number>();
    for (let call = 0; call < CALLS; call += 1) {
      const action = any(ACTIONS);
      const names = Array.from({ length: any([1, 2, 3, 4]) }, () => any(NAMES));
      const params = Object.fromEntries(names.map((name) => [name, value()]));
      const shown = `events.${action} ${JSON.stringify(params)?.slice(0, 300)}`;
      try {
        const answer: unknown = await broker.call(`events.${action}`, params);
        if (answer && typeof (answer as { destroy?: unknown }).destroy === "function")
          (answer as { destroy(): void }).destroy();
        outcomes.set("answered", (outcomes.get("answered") ?? 0) + 1);
      } catch (error) {
        const { name, code, type } = error as { name: string; code: number; type: string };
        assert.ok(
          name === "ValidationError" || (code === 404 && type.startsWith("WEIR_")),
          `${shown}: ${String(error)}`,
        );
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
      }
    }
    assert.ok((outcomes.get("ValidationError") ?? 0) > CALLS / 2);
    assert.ok((outcomes.get("answered") ?? 0) > 0, "some of it is what anybody may ask");
    assert.equal(await space.db.collection("replays").countDocuments(), 0);
    assert.equal(await space.db.collection("events").countDocuments(), 1);
    assert.equal(({} as { event_type?: string }).event_type, undefined, "no prototype was touched");
  });
});
