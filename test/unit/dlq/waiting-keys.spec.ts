import assert from "node:assert/strict";
import { ObjectId } from "mongodb";
import { type Parts, WaitingKeys } from "../../../services/dlq/redrive/waiting-keys";

type Part = Parts extends ReadonlyMap<string, infer Value> ? Value : never;

describe("keys that wait in a redrive", () => {
  const letter = (key: string | null, changes: Partial<Part> = {}) => ({
    id: new ObjectId(),
    part: {
      raw_bytes: 1,
      group: "orders",
      original_topic: "order.placed",
      partition: 0,
      offset: "1",
      key,
      ...changes,
    },
  });
  const first = letter("k");
  const next = letter("k");
  const others = [
    letter("other"),
    letter("k", { group: "mails" }),
    letter("k", { original_topic: "order.paid" }),
    letter("k", { group: undefined }),
    letter(null),
  ];
  const all = [first, next, ...others];
  const parts = new Map(all.map(({ id, part }) => [id.toHexString(), part]));
  const ids = all.map(({ id }) => id);

  it("hold back later letters of the same group, topic and key, and no others", () => {
    const waiting = new WaitingKeys(parts);
    waiting.note([first.id], new Map());
    assert.deepEqual(
      waiting.without(ids),
      others.map(({ id }) => id),
    );
  });

  it("hold nothing back where every letter has its outcome, or has no key", () => {
    const waiting = new WaitingKeys(parts);
    waiting.note([first.id], new Map([[first.id.toHexString(), { result: "failed" }]]));
    waiting.note([others.at(-1)?.id ?? first.id], new Map());
    assert.deepEqual(waiting.without(ids), ids);
  });
});
