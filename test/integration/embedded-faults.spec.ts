import assert from "node:assert/strict";
import type { MongoClient } from "mongodb";
import type { PrivateServers } from "../../services/embedded/private-servers";
import { adminClient, mongoClient, otherProcesses, privateServers, waitFor } from "../support";

describe("private servers, for tests of faults", () => {
  let servers: PrivateServers;
  let mongo: MongoClient;

  before(async () => {
    servers = await privateServers({ mongoParameters: { enableTestCommands: 1, ttlMonitorSleepSecs: 1 } });
    mongo = await mongoClient(servers.mongoUrl);
  });

  after(async () => {
    await mongo.close();
    await servers.close();
  });

  const insert = () => mongo.db("faults").collection("documents").insertOne({});
  const count = () => mongo.db("faults").collection("documents").countDocuments();

  it("run mongod with the given parameters", async () => {
    const parameters = await mongo.db("admin").command({ getParameter: 1, ttlMonitorSleepSecs: 1 });
    assert.equal(parameters.ttlMonitorSleepSecs, 1);
  });

  it("stop MongoDB in an orderly way, and bring it back on the same address with its data", async () => {
    await insert();
    await servers.mongo.stop();
    assert.equal(servers.mongo.pid, null);

    await servers.mongo.start();

    assert.equal(await waitFor(count, { what: "the client to have found MongoDB again" }), 1);
  });

  it("kill MongoDB without loss of what was acknowledged", async () => {
    await mongo.db("faults").collection("documents").insertOne({});
    const before = await count();
    await servers.mongo.kill();

    await servers.mongo.start();

    assert.equal(await waitFor(count, { what: "the client to have found MongoDB again" }), before);
  });

  it("freeze MongoDB, and let it go on", async () => {
    servers.mongo.pause();
    await waitFor(() => stateOf(servers.mongo.pid) === "T", { what: "mongod to be stopped by the signal" });
    let answered = false;
    const answer = insert().then(() => {
      answered = true;
    });
    assert.equal(answered, false);

    servers.mongo.resume();

    await answer;
  });

  it("stop and start Kafka on the same address with its topics", async () => {
    const admin = await adminClient(servers.brokers);
    await admin.createTopics({ topics: [{ topic: "kept" }] });
    await admin.disconnect();
    await servers.kafka.stop();
    await servers.kafka.start();

    const again = await adminClient(servers.brokers);
    assert.deepEqual(await again.listTopics(), ["kept"]);
    await again.disconnect();
  });

  it("stop a frozen server too", async () => {
    const pid = servers.kafka.pid;
    servers.kafka.pause();
    await servers.kafka.stop();
    assert.ok(!otherProcesses().some((process) => process.pid === pid));
    await servers.kafka.start();
  });
});

/** The letter by which Linux tells a process's state; T: stopped by a signal. */
function stateOf(pid: number | null): string | undefined {
  return otherProcesses().find((process) => process.pid === pid)?.state;
}
