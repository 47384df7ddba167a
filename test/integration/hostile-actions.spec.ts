import assert from "node:assert/strict";
import fc from "fast-check";
import { Errors, type ServiceBroker } from "moleculer";
import type { LetterRow } from "../../services/dlq/view";
import { createGateway } from "../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, startReady } from "../support";
import { type ActionCase, actionCases } from "../support/hostile/cases";
import { badChanges, type Change, sendable, wildChanges } from "../support/hostile/changes";
import { isWrite, type MongoCommand, runsCode, watchMongoCommands } from "../support/hostile/mongo-commands";
import { NEVER_PLAIN, NEVER_STORED } from "../support/hostile/values";
import { type Joined, TRANSPORTERS } from "../support/transporters";

const RUNS = 150;
const TYPE = "order.paid";
/** What the gateway writes by itself, from time to time. */
const BY_ITSELF = new Set(["dlq_state", "replays", "redrives"]);

/** Nobody knows them before the gateway runs. */
const UNKNOWN = { payload: {}, topic: "", letter: "", fingerprint: "" };

/** Whatever anybody sends to whatever action: a ValidationError, and nothing executed. */
describe("hostile parameters", () => {
  let space: Space;
  let joined: Joined;
  let broker: ServiceBroker;
  let other: ServiceBroker;
  let watched: ReturnType<typeof watchMongoCommands>;
  let cases: ReturnType<typeof actionCases>;

  before(async () => {
    space = await createSpace();
    // What expires meanwhile would look like something that was done.
    await expiry(false);
    watched = watchMongoCommands();
    joined = await TRANSPORTERS.TCP(["gateway", "other"]);
    const { transporter, nodeIDs } = joined;
    const node = (nodeID: string | undefined) => space.configurationWith({ nodeID, transporter });
    broker = createGateway(node(nodeIDs[0]), { broker: { logger: false } });
    other = createGateway(node(nodeIDs[1]), { services: [], broker: { logger: false } });
    await Promise.all([startReady(broker), other.start()]);
    await other.waitForServices(["bridge", "dlq", "events", "idempotency", "schemas"], 20_000, 50);
    const { payload } = exampleOf(TYPE);
    await space.createTopics([TYPE, "letters"]);
    for (const event_id of ["a", "b"])
      await broker.call("bridge.publish", { event_type: TYPE, event_id, payload });
    await space.produce(TYPE, [{ key: null, value: "no JSON" }]);
    await allCommitted(space, ["events"], [TYPE]);
    assert.ok(watched.commands.some(isWrite), "the gateway's commands are seen");
    const { rows } = await broker.call<{ rows: LetterRow[] }>("dlq.list");
    const { id = "", fingerprint = "" } = rows[0] ?? {};
    cases = actionCases({ payload: { ...payload }, topic: space.topic("letters"), letter: id, fingerprint });
  });
  after(async () => {
    watched?.stop();
    await other?.stop();
    await broker?.stop();
    await joined?.close();
    await expiry(true);
    await space.close();
  });

  /** Of every collection and of every topic, what is in it. */
  const expiry = (ttlMonitorEnabled: boolean) =>
    space.db.admin().command({ setParameter: 1, ttlMonitorEnabled });

  async function contents(): Promise<object> {
    const { collections } = await space.db.command({ dbHash: 1 });
    for (const name of BY_ITSELF) delete collections[name];
    const status = await space.groupState("events", [TYPE, "letters"]);
    return { collections, ends: status.map(({ end }) => end) };
  }

  it("are known for every action of the gateway", () => {
    const { actions } = broker.registry as unknown as {
      actions: { list(options: object): { name: string }[] };
    };
    const there = actions.list({ onlyLocal: true, skipInternal: true }).map(({ name }) => name);
    assert.deepEqual(Object.keys(cases).sort(), there.sort());
  });

  for (const name of Object.keys(actionCases(UNKNOWN))) {
    it(`${name}: takes what is good, and refuses what is not, without doing anything`, async () => {
      const { good, ...options } = cases[name] as ActionCase;
      const params = good ?? {};
      const call = (given: unknown) => broker.call<unknown, object>(name, given as object);
      await call({ ...params }).catch(({ type, message, data }) => {
        assert.match(String(type), /^WEIR_/, `good parameters: ${message} ${JSON.stringify(data)}`);
      });
      await allCommitted(space, ["events"], [TYPE]);
      const before = await contents();
      const refused = async (change: Change) => {
        const from = watched.commands.length;
        const error = await rejectionOf(call(change.in(params)), `${change}`);
        const sent = watched.commands.slice(from);
        assert.ok(error instanceof Errors.ValidationError, `${change}: ${error.name} ${error.message}`);
        assert.ok(JSON.stringify(error.data ?? null).length < 20_000, `${change}: the error can be sent`);
        const writes = sent.filter((command) => isWrite(command) && !BY_ITSELF.has(command.collection));
        assert.deepEqual(writes.map(shown), [], `${change}`);
      };
      for (const change of badChanges(params, options)) await refused(change);
      const wild = wildChanges(params, options);
      if (wild) await fc.assert(fc.asyncProperty(wild, refused), { numRuns: RUNS });
      assert.deepEqual(await contents(), before);
      const code = watched.commands.splice(0).filter(({ command }) => runsCode(command));
      assert.deepEqual(code.map(shown), []);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    });
  }

  it("are judged by schemas.validate, whatever they are", async () => {
    const { good } = cases["schemas.validate"] as { good: { event: { metadata: object } } };
    const { event } = good;
    const judged = (given: unknown) =>
      broker.call<{ valid: boolean; errors: object[] }, object>("schemas.validate", { event: given });
    assert.deepEqual(await judged(event), { valid: true, errors: [] });
    for (const value of NEVER_PLAIN.filter((one) => one !== null)) {
      for (const bad of [value, { ...event, payload: value }, { ...event, event_type: value }]) {
        const answer = await judged(bad);
        assert.equal(answer.valid, false);
        assert.ok(JSON.stringify(answer).length < 20_000);
      }
    }
    for (const [name, value] of NEVER_STORED) {
      const bad = { ...event, metadata: { ...event.metadata, [name]: value } };
      assert.equal((await judged(bad)).valid, false, name);
    }
  });

  it("are told to a caller on another node as what they are", async () => {
    const before = await contents();
    for (const [name, { good, ...options }] of Object.entries(cases)) {
      for (const change of sendable(badChanges(good ?? {}, options))) {
        const given = change.in(good ?? {}) as object;
        const error = await rejectionOf(other.call(name, given, { timeout: 10_000 }), `${name} ${change}`);
        assert.equal(error.name, "ValidationError", `${name} ${change}: ${error.message}`);
      }
    }
    assert.deepEqual(await contents(), before);
  });
});

function rejectionOf(answer: Promise<unknown>, told: string): Promise<Error & { data?: unknown }> {
  return answer.then(
    () => assert.fail(`${told}: was taken`),
    (reason: Error) => reason,
  );
}

function shown({ name, collection }: MongoCommand): string {
  return `${name} ${collection}`;
}
