import assert from "node:assert/strict";
import type { DeliverRequest } from "../../../schemas/delivery";
import { fitRequest, withRest } from "../../../services/bridge/transporter-limit";
import { exampleOf } from "../../support/traffic";

describe("a request to another node", () => {
  it("has as many items as one packet can hold, keys and headers counted", () => {
    const request = requestOf(Array.from({ length: 50 }, () => 10_000));
    const { items, refused } = fitRequest(request, 200_000);
    assert.equal(refused, undefined);
    assert.ok(items.length > 10 && items.length < 20, `${items.length}`);
    assert.ok(Buffer.byteLength(JSON.stringify({ ...request, items })) < 200_000);
  });

  it("is whole where it fits", () => {
    const request = requestOf([1, 1, 1]);
    assert.deepEqual(fitRequest(request, 200_000).items, request.items);
  });

  it("refuses a first event that no packet can hold, and leaves the others for the next", () => {
    const request = requestOf([200_000, 1]);
    const { items, refused } = fitRequest(request, 100_000);
    assert.deepEqual([items, refused?.status], [[], "failed"]);
    const outcomes = withRest(refused ? [refused] : [], request);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["failed", "not_started"],
    );
  });
});

function requestOf(headerBytes: number[]): DeliverRequest {
  const items = headerBytes.map((bytes, index) => ({
    event: exampleOf("order.placed"),
    delivery: { offset: `${index}`, key: null, headers: { note: "x".repeat(bytes) }, redelivered: false },
  }));
  return { group: "g", topic: "t", partition: 0, epoch: 1, attempt: 0, items };
}
