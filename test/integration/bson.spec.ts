import assert from "node:assert/strict";
import { MongoClient, type MongoClientOptions, ObjectId } from "mongodb";
import { WITH_BSON } from "../../mixins/mongo-schema/bson/driver-option";
import { keptNames, MAX_NAMES, nameBytes } from "../../mixins/mongo-schema/bson/name-bytes";
import { type ClientLease, leaseClient } from "../../mixins/mongo-schema/shared-client";
import { createSpace, type Space } from "../support";
import { silentLogger } from "../support/group-members";

describe("the serializer of the product's own MongoDB clients", () => {
  let space: Space;
  let lease: ClientLease;
  before(async () => {
    space = await createSpace();
    lease = leaseClient(space.configuration.mongo.url, silentLogger);
  });
  after(async () => {
    await lease.release();
    await space.close();
  });
  // Lest it is emptied while somebody counts.
  beforeEach(() => {
    for (let i = 0; keptNames() > MAX_NAMES / 2; i++) nameBytes(`none of anybody's ${i}`);
  });

  const documents = () => [
    { _id: new ObjectId(), at: new Date(5), n: 1.5, list: [null, { é: "€" }], raw: Buffer.from([1, 2]) },
    { _id: new ObjectId(), at: new Date(-5), n: -(2 ** 40), list: [], "a name of this spec": true },
  ];

  it("is the one that writes what they send, within a session as well", async () => {
    const client = await lease.ready;
    const orders = client.db(space.db.databaseName).collection("orders");
    await space.db.createCollection("orders");
    const sent = documents();
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await orders.insertMany(sent, { session });
      }),
    );
    const known = keptNames();
    nameBytes("a name of this spec");
    assert.equal(keptNames(), known);
    const options = { promoteBuffers: true };
    assert.deepEqual(await orders.find({}, options).toArray(), sent);
  });

  it("is used by no other client of the process", async () => {
    const known = keptNames();
    await space.db.collection("others").insertOne({ "a name of nobody else": 1 });
    assert.equal(keptNames(), known);
  });

  it("is an option that the driver takes without a warning", async () => {
    const options: MongoClientOptions & { validateOptions: boolean } = {
      useUnifiedTopology: true,
      validateOptions: true,
      ...WITH_BSON,
    };
    const client = await new MongoClient(space.configuration.mongo.url, options).connect();
    await client.close();
  });
});
