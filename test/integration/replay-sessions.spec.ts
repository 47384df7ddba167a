import assert from "node:assert/strict";
import { type Collection, ObjectId } from "mongodb";
import { NO_COUNTS, type Position, type ReplaySession } from "../../services/events/replay/session";
import { REPLAY_LEASE_MS, ReplaySessions } from "../../services/events/replay/sessions";
import { createSpace, type Space } from "../support";

/** Who works on a session, with the clock in our hands. */
describe("replay sessions", () => {
  let space: Space;
  let collection: Collection<ReplaySession>;
  let sessions: ReplaySessions;
  let now = new Date("2026-03-01T12:00:00Z");

  before(async () => {
    space = await createSpace();
    collection = space.db.collection("replays");
    sessions = new ReplaySessions(collection, () => now);
  });
  after(() => space.close());
  beforeEach(() => collection.deleteMany({}));

  const later = (ms: number) => {
    now = new Date(now.getTime() + ms);
  };
  const begin = () =>
    sessions.create(
      { filter: {}, groups: ["g"], order: "stored", again: true },
      { total: 2, end: new ObjectId() },
    );
  const take = async (node: string) => {
    const taken = await sessions.take(node);
    assert.ok(taken);
    return taken;
  };
  const position = (): Position => ({ at: now, id: new ObjectId() });

  it("are worked on by one gateway at a time, the oldest first", async () => {
    const first = await begin();
    later(1);
    const second = await begin();
    const taken = await Promise.all(["a", "b", "c", "d"].map((node) => sessions.take(node)));
    const ids = taken.flatMap((session) => session?._id.toHexString() ?? []);
    assert.deepEqual(ids.sort(), [first, second].map(({ _id }) => _id.toHexString()).sort());
  });

  it("stay with a gateway that says that it lives, and go to another when it does not", async () => {
    await begin();
    const held = await take("a");
    for (let beat = 0; beat < 5; beat += 1) {
      later(REPLAY_LEASE_MS - 1);
      assert.equal(await sessions.take("b"), null);
      assert.ok(await sessions.renew(held, "a"));
    }
    later(REPLAY_LEASE_MS);
    assert.equal((await take("b")).epoch, held.epoch + 1);
  });

  it("take nothing more from a gateway that was replaced while it was frozen", async () => {
    await begin();
    const frozen = await take("a");
    later(REPLAY_LEASE_MS);
    const taken = await take("b");
    const cursor = position();
    assert.ok(await sessions.save(taken, "b", cursor, { ...NO_COUNTS, read: 1 }));
    assert.equal(await sessions.save(frozen, "a", position(), { ...NO_COUNTS, read: 99 }), null);
    assert.equal(await sessions.renew(frozen, "a", "what a waits for"), null);
    assert.equal(await sessions.complete(frozen), false);
    await sessions.release(frozen);
    const stored = await collection.findOne({ _id: taken._id });
    assert.deepEqual(
      [stored?.cursor, stored?.counts.read, stored?.waiting, stored?.lease?.node, stored?.status],
      [cursor, 1, null, "b", "running"],
    );
  });

  it("keep what a chunk in hand has done when they are paused meanwhile, and are not completed", async () => {
    const { _id } = await begin();
    const held = await take("a");
    const id = _id.toHexString();
    await sessions.change(id, ["running"], "paused", { action: "paused" });
    const saved = await sessions.save(held, "a", position(), { ...NO_COUNTS, read: 1 });
    assert.deepEqual([saved?.status, saved?.counts.read], ["paused", 1]);
    assert.equal(await sessions.complete(held), false);
    await sessions.release(held);
    assert.equal(await sessions.take("b"), null);
    await sessions.change(id, ["paused"], "running", { action: "resumed" });
    assert.equal((await take("b")).counts.read, 1);
  });
});
