import assert from "node:assert/strict";
import { createSpace, type Space } from "../support";

describe("a spec's space on the servers", () => {
  let space: Space;
  before(async () => {
    space = await createSpace();
  });
  after(() => space.close());

  it("keeps topics, groups and documents under the space's name", async () => {
    await space.createTopics(["order.placed"], 2);
    await space.produce("order.placed", [
      { key: "a", value: "{}" },
      { value: Buffer.from([0xff, 0xfe]) },
      { key: "a", value: null },
    ]);
    await space.db.collection("things").insertOne({ one: 1 });
    await space.admin.setOffsets({
      groupId: space.group("orders"),
      topic: space.topic("order.placed"),
      partitions: [{ partition: 0, offset: "0" }],
    });

    const state = await space.groupState("orders", ["order.placed"]);

    assert.equal(
      state.reduce((sum, partition) => sum + partition.lag, 0),
      3,
    );
    assert.match(space.topic("order.placed"), /^t-[0-9a-f]{6}-s-\w+\.order\.placed$/);
  });
});
