import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import type { RedriveDetails, RedriveRow } from "../../services/dlq/redrive/status";
import type { LetterDetails } from "../../services/dlq/view";
import { createGateway } from "../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, startReady, waitFor } from "../support";

const TYPE = "tank.filled";

/** What was refused is decoded and validated anew: with today's schemas, and with the bytes as they were put right. */
describe("redrive of refused messages", () => {
  let space: Space;
  let broker: ServiceBroker;
  let dir: string;

  const liters = (type: string) =>
    writeFileSync(
      path.join(dir, TYPE, "1.0.json"),
      JSON.stringify({ type: "object", required: ["liters"], properties: { liters: { type } } }),
    );
  async function start(): Promise<void> {
    broker = createGateway(space.configurationWith({ schemaDirs: [dir] }), { broker: { logger: false } });
    await startReady(broker);
  }

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), "weir-redrive-"));
    mkdirSync(path.join(dir, TYPE));
    liters("integer");
    space = await createSpace();
    await start();
  });
  after(async () => {
    await broker?.stop();
    await space.close();
    rmSync(dir, { recursive: true });
  });

  const event = (event_id: string) => ({
    ...exampleOf("order.paid"),
    event_type: TYPE,
    event_version: "1.0",
    event_id,
    payload: { liters: 1.5 },
  });
  async function redrive(params: object): Promise<RedriveDetails> {
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", { canary: false, ...params });
    return waitFor(
      async () => {
        const job = await broker.call<RedriveDetails, object>("dlq.redriveStatus", { id });
        return job.status === "completed" ? job : null;
      },
      { what: "the redrive's end" },
    );
  }
  const storedIds = async () =>
    (await space.db.collection("events").find({}).toArray()).map(({ event_id }) => event_id).sort();

  it("invalid: in vain until the schema is mended; unparseable: until the message is", async () => {
    const cut = JSON.stringify(event("cut")).slice(0, -1);
    await space.produce(TYPE, [
      { key: "a", value: JSON.stringify(event("invalid")) },
      { key: "b", value: cut },
    ]);
    await allCommitted(space, ["events"], [TYPE]);
    const all = { filter: { topic: space.topic(TYPE) } };
    const inVain = await redrive(all);
    assert.deepEqual([inVain.counts.failed, inVain.counts.delivered], [2, 0]);
    const open = await space.db.collection("dead_letters").find({ open: true }).toArray();
    assert.deepEqual(open.map(({ reason }) => reason).sort(), ["invalid", "unparseable"]);
    assert.deepEqual(await storedIds(), []);

    await broker.stop();
    liters("number");
    await start();
    const mended = await redrive(all);
    assert.deepEqual([mended.counts.failed, mended.counts.delivered], [1, 1]);
    await allCommitted(space, ["events"], [TYPE]);
    assert.deepEqual(await storedIds(), ["invalid"]);

    const id = open.find(({ reason }) => reason === "unparseable")?._id.toHexString();
    await broker.call("dlq.edit", { id, raw: `${cut}}`, by: "ada", note: "its end was cut off" });
    assert.equal((await redrive({ id })).counts.delivered, 1);
    await allCommitted(space, ["events"], [TYPE]);
    assert.deepEqual(await storedIds(), ["cut", "invalid"]);
    const letter = await broker.call<LetterDetails, object>("dlq.get", { id });
    assert.deepEqual([letter.status, letter.versions?.[0]?.raw_text], ["retried", cut]);
  });
});
