import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { LetterDetails, LetterRow } from "../../services/dlq/view";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import { allCommitted, createSpace, exampleOf, type Space, startReady, waitFor } from "../support";

const TYPE = "order.paid";

/** One id, two contents: a duplicate by its key, and told all the same. */
describe("an event whose id was used for another", () => {
  let space: Space;
  let broker: ServiceBroker;
  const told: string[] = [];
  const listener: ServiceSchema = {
    name: "listener",
    events: {
      "dlq.message.received": (ctx: Context<{ event_id: string; reason: string }>) =>
        void told.push(`${ctx.params.event_id} ${ctx.params.reason}`),
    },
  };
  const paid = (event_id: string, amount_cents: number) => ({
    key: "k",
    value: JSON.stringify({
      ...exampleOf(TYPE),
      event_id,
      payload: { ...exampleOf(TYPE).payload, amount_cents },
    }),
  });

  before(async () => {
    space = await createSpace();
    const plugins = [effectsBatch as unknown as ServiceSchema, listener];
    broker = createGateway(space.configuration, { plugins, broker: { logger: false } });
    await startReady(broker);
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });

  it("takes no effect in a plugin, and is told by a letter that names both, in one chunk and in two", async () => {
    await space.createTopics([TYPE]);
    await space.produce(TYPE, [paid("together", 100), paid("together", 999), paid("apart", 100)]);
    await allCommitted(space, ["events", "effects-batch"], [TYPE]);
    await space.produce(TYPE, [paid("apart", 999), paid("apart", 100)]);
    await allCommitted(space, ["events", "effects-batch"], [TYPE]);

    const effects = await space.db.collection("effects").find({}).toArray();
    assert.deepEqual(effects.map(({ event_id }) => event_id).sort(), ["apart", "together"]);
    const { rows } = await broker.call<{ rows: LetterRow[] }, object>("dlq.list", {
      reason: "event_id_conflict",
    });
    assert.deepEqual(rows.map(({ event_id, group }) => `${group} ${event_id}`).sort(), [
      "events apart",
      "events together",
    ]);
    for (const { id, error } of rows) {
      assert.equal(error.type, "WEIR_EVENT_ID_CONFLICT");
      assert.match(error.message, /from \S+order\.paid\[\d\] offset \d/);
      const { raw_text = "" } = await broker.call<LetterDetails, object>("dlq.get", { id });
      assert.equal(JSON.parse(raw_text).payload.amount_cents, 999, "the letter keeps what was not stored");
    }
    await waitFor(() => told.length === 2, { what: "both to be told" });
    assert.deepEqual(told.sort(), ["apart event_id_conflict", "together event_id_conflict"]);
  });
});
