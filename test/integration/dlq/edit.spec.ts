import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import type { Redelivery } from "../../../schemas/redelivery";
import dlq from "../../../services/dlq/dlq.service";
import type { LetterDetails } from "../../../services/dlq/view";
import schemas from "../../../services/schemas/schemas.service";
import { createSpace, exampleOf, type Space } from "../../support";
import { createBroker } from "../../support/broker";
import { letterInput } from "../../support/dead-letters";

describe("dlq.edit", () => {
  let space: Space;
  let broker: ServiceBroker;
  let handed: Redelivery[];

  const bridge: ServiceSchema = {
    name: "bridge",
    actions: {
      redeliver: (ctx: Context<{ letter: Redelivery }>) => {
        handed.push(ctx.params.letter);
        return { status: "delivered" };
      },
    },
  };
  const event = (changes = {}) => ({ ...exampleOf("order.placed"), ...changes });

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [dlq, schemas, bridge]).broker;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });
  beforeEach(async () => {
    handed = [];
    await space.db.collection("dead_letters").deleteMany({});
  });

  async function put(changes: Partial<DeadLetterInput> = {}): Promise<string> {
    await broker.call("dlq.put", { letters: [letterInput("edited", changes)] });
    return String((await space.db.collection("dead_letters").findOne({}))?._id);
  }
  const edit = (params: object) =>
    broker.call<LetterDetails, object>("dlq.edit", { by: "ada", note: "the producer's typo", ...params });

  it("hands the edited message over, and keeps every version, the first bytes above all", async () => {
    const raw = Buffer.from([0x7b, 0xff, 0x00]);
    const id = await put({ raw });
    await edit({ id, raw: JSON.stringify(event({ event_id: "once" })) });
    const letter = await edit({ id, event: event({ event_id: "twice" }), note: "and another one" });
    assert.equal(letter.event_id, "twice");
    assert.deepEqual(JSON.parse(letter.raw_text ?? ""), event({ event_id: "twice" }));
    assert.deepEqual(
      letter.versions?.map(({ raw_base64 }) => raw_base64?.slice(0, 4)),
      [raw.toString("base64"), Buffer.from('{"e').toString("base64")],
    );
    assert.deepEqual(
      letter.history.map(({ at: _at, ...entry }) => entry),
      [
        { action: "received", reason: "handler_error" },
        { action: "edited", by: "ada", note: "the producer's typo" },
        { action: "edited", by: "ada", note: "and another one" },
      ],
    );
    await broker.call("dlq.retry", { id });
    assert.deepEqual(JSON.parse(String(handed[0]?.raw)), event({ event_id: "twice" }));
    await assert.rejects(edit({ id, event: event() }), { type: "WEIR_DEAD_LETTER_CLOSED" });
    assert.equal((await broker.call<LetterDetails, object>("dlq.get", { id })).versions?.length, 2);
  });

  it("leaves the time at which a letter is retried by itself", async () => {
    const retry = { kind: "fixed_interval", interval_ms: 3_600_000 };
    const { id: policy } = await broker.call<{ id: string }, object>("dlq.setPolicy", {
      match: {},
      retry,
      by: "ada",
    });
    const id = await put();
    const { next_retry_at } = await broker.call<LetterDetails, object>("dlq.get", { id });
    const edited = await edit({ id, event: event({ event_id: "right" }) });
    assert.ok(next_retry_at);
    assert.deepEqual([edited.status, edited.next_retry_at], ["scheduled", next_retry_at]);
    await broker.call("dlq.removePolicy", { id: policy });
  });

  it("takes nothing that is not valid, goes another way, or could do harm; the letter stays as it was", async () => {
    const id = await put();
    const before = await space.db.collection("dead_letters").findOne({});
    const invalid: object[] = [
      {},
      { raw: "{}", event: event() },
      { raw: "no JSON" },
      { raw: { $ne: null } },
      { raw: "" },
      { event: event({ payload: { no: "order" } }) },
      { event: event({ event_type: "no.such_type" }) },
      { event: exampleOf("order.paid") },
      { raw: JSON.stringify(event({ metadata: { ...event().metadata, $where: "1" } })) },
      { raw: JSON.stringify(event()).replace("{", '{"__proto__":{"x":1},') },
      { event: event(), by: "" },
      { event: event(), note: { $gt: "" } },
      { event: event(), extra: 1 },
      { id: { $ne: null }, event: event() },
    ];
    for (const params of invalid)
      await assert.rejects(edit({ id, ...params }), { name: "ValidationError" }, JSON.stringify(params));
    await assert.rejects(edit({ id, event: event(), by: undefined }), { name: "ValidationError" });
    assert.deepEqual(await space.db.collection("dead_letters").findOne({}), before);
    await assert.rejects(edit({ id: "0".repeat(24), event: event() }), {
      type: "WEIR_DEAD_LETTER_NOT_FOUND",
    });
  });

  it("a refused message may become any event of its topic, and no other", async () => {
    const topic = space.topic("order.placed");
    const id = await put({
      group: undefined,
      event_type: undefined,
      reason: "unparseable",
      original_topic: topic,
    });
    await assert.rejects(edit({ id, event: exampleOf("order.paid") }), { name: "ValidationError" });
    assert.equal((await edit({ id, event: event() })).event_type, "order.placed");
  });

  it("keeps within one document", async () => {
    const id = await put({ raw: Buffer.alloc(15 * 1024 * 1024, "x") });
    const note = "x".repeat(500_000);
    const large = event({ metadata: { ...event().metadata, note } });
    await assert.rejects(edit({ id, event: large }), /together may have/);
    const letter = await broker.call<LetterDetails, object>("dlq.get", { id });
    assert.equal(letter.raw_bytes, 15 * 1024 * 1024);
  });
});
