import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { type BatchOutcome, eventHandler } from "../../mixins/event-handler.mixin";
import type { LetterRow } from "../../services/dlq/view";
import { createGateway } from "../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, startReady } from "../support";

const TYPE = "order.paid";

describe("a plugin that says oddly why an event failed", () => {
  let space: Space;
  let broker: ServiceBroker;
  const odd = [
    { status: "failed", reason: "", error: { message: "no reason, no type" } },
    { status: "failed", reason: "r".repeat(5_000), error: { type: 7, message: "a long reason" } },
  ] as unknown as BatchOutcome[];
  const plugin = {
    name: "odd",
    mixins: [
      eventHandler({
        handlers: {
          [TYPE]: { batch: true, handler: (events) => events.map((_, at) => odd[at % 2] as BatchOutcome) },
        },
      }),
    ],
  } as ServiceSchema;

  before(async () => {
    space = await createSpace();
    broker = createGateway(space.configuration, { plugins: [plugin], broker: { logger: false } });
    await startReady(broker);
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });

  it("gets a dead letter for each, and its next events", async () => {
    await space.createTopics([TYPE]);
    const messages = ["a", "b"].map((event_id) => ({
      key: "k",
      value: JSON.stringify({ ...exampleOf(TYPE), event_id }),
    }));
    await space.produce(TYPE, messages);
    await allCommitted(space, ["odd"], [TYPE]);
    const { rows } = await broker.call<{ rows: LetterRow[] }, object>("dlq.list", { group: "odd" });
    const told = rows.map(({ event_id, error }) => `${event_id} ${error.type}: ${error.message}`).sort();
    assert.deepEqual(told, ["a Error: no reason, no type", "b 7: a long reason"]);
  });
});
