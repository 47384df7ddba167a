import assert from "node:assert/strict";
import { ObjectId } from "mongodb";
import { inOffsetOrder } from "../../../services/dlq/redrive/offset-order";
import type { Parts } from "../../../services/dlq/redrive/waiting-keys";

type Part = Parts extends ReadonlyMap<string, infer Value> ? Value : never;

describe("the order of letters in a redrive", () => {
  const letters = new Map<string, Part>();
  const letter = (offset: string, changes: Partial<Part> = {}) => {
    const id = new ObjectId();
    const part = { raw_bytes: 1, group: "mails", original_topic: "order.placed", partition: 2, key: "a10" };
    letters.set(id.toHexString(), { ...part, offset, ...changes });
    return id;
  };
  const offsets = (ids: ObjectId[]) => ids.map((id) => letters.get(id.toHexString())?.offset);

  it("is that of their offsets within a group and partition, as numbers", () => {
    const ids = [letter("88"), letter("100"), letter("30"), letter("9")];
    assert.deepEqual(offsets(inOffsetOrder(ids, letters)), ["9", "30", "88", "100"]);
  });

  it("leaves those of other groups, topics and partitions on their places", () => {
    const others = [
      letter("5", { group: "orders" }),
      letter("4", { group: undefined }),
      letter("3", { original_topic: "order.paid" }),
      letter("2", { partition: 1 }),
    ];
    const ids = [letter("88"), ...others, letter("30")];
    assert.deepEqual(offsets(inOffsetOrder(ids, letters)), ["30", "5", "4", "3", "2", "88"]);
  });

  it("keeps letters that are gone", () => {
    const gone = new ObjectId();
    assert.deepEqual(inOffsetOrder([letter("2"), gone, letter("1")], letters)[1], gone);
  });
});
