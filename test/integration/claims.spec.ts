import assert from "node:assert/strict";
import type { Collection } from "mongodb";
import { storedKey } from "../../mixins/idempotency/stored-key";
import type { ClaimDocument, Fence } from "../../schemas/claims";
import type { ProgressDocument } from "../../schemas/progress";
import {
  type ClaimRequest,
  type ClaimStore,
  claim,
  LEASE_MS,
  LETTER_LEASE_MS,
} from "../../services/idempotency/claim";
import { acquire, beginAnew, handOut, rememberTakeover } from "../../services/idempotency/progress";
import { settle } from "../../services/idempotency/settle";
import { createSpace } from "../support";
import { MemoryCollection } from "../support/memory-collection";

const HOUR_MS = 3_600_000;

interface Collections {
  claims: Collection<ClaimDocument>;
  progress: Collection<ProgressDocument>;
  close(): Promise<void>;
}

async function inMongo(): Promise<Collections> {
  const space = await createSpace();
  const claims = space.db.collection<ClaimDocument>("idempotency_keys");
  await claims.createIndex({ keys: 1 }, { unique: true });
  return { claims, progress: space.db.collection("progress"), close: () => space.close() };
}

async function inMemory(): Promise<Collections> {
  return {
    claims: MemoryCollection.empty({ unique: "keys" }).as(),
    progress: MemoryCollection.empty({ unique: "_id" }).as(),
    close: async () => undefined,
  };
}

// The collection in memory stands in for the real one in the model of the claims: both have to keep to the same cases.
for (const [where, open] of [["MongoDB", inMongo] as const, ["memory", inMemory] as const])
  describe(`claims: one document per chunk, in ${where}`, () => {
    let collections: Collections;
    let claims: Collection<ClaimDocument>;
    let progress: Collection<ProgressDocument>;
    let now: Date;
    let store: ClaimStore;

    before(async () => {
      collections = await open();
      ({ claims, progress } = collections);
    });
    beforeEach(async () => {
      await Promise.all([claims.deleteMany({}), progress.deleteMany({})]);
      now = new Date("2026-01-01T00:00:00Z");
      store = {
        claims,
        handOut: (by, group) => handOut(progress, by, group),
        rememberTakeover: (fence, group, offset) => rememberTakeover(progress, fence, group, offset),
        now: () => now,
      };
    });
    after(() => collections.close());

    function request(
      keys: string[],
      fence: Partial<Fence> & { from?: number; to?: number } = {},
    ): ClaimRequest {
      const by = { topic: "t", partition: 0, epoch: 1, attempt: 1, from: 0, to: keys.length - 1, ...fence };
      return { group: "g", keys, by };
    }

    async function handled(keys: string[], fence: Partial<Fence> = {}): Promise<void> {
      const { id } = await claim(store, request(keys, fence));
      assert.equal(
        await settle(claims, { id: id ?? "", release: [], claimed: keys.length, ttl_ms: HOUR_MS }, now),
        "settled",
      );
    }

    it("claims what is new, and says what was handled before", async () => {
      await handled(["a", "b"]);
      const result = await claim(store, request(["b", "c"], { attempt: 2 }));
      assert.deepEqual(result.duplicates, ["b"]);
      assert.deepEqual((await claims.findOne({ keys: "c" }))?.keys, ["c"]);
    });

    it("claims nothing where everything was handled before", async () => {
      await handled(["a"]);
      const result = await claim(store, request(["a"]));
      assert.equal(result.id, null);
      assert.deepEqual(result.duplicates, ["a"]);
    });

    it("knows a key again that ends in half of a character", async () => {
      const keys = ["g|cut \ud83d", "g|cut \ud83e"].map(storedKey);
      await handled(keys);
      assert.deepEqual((await claim(store, request(keys))).duplicates.sort(), keys.sort());
    });

    it("finds duplicates that are spread over many earlier chunks", async () => {
      for (let chunk = 0; chunk < 5; chunk += 1) await handled([`${chunk}-x`, `${chunk}-y`]);
      const result = await claim(store, request(["0-x", "2-y", "4-x", "new"]));
      assert.deepEqual(result.duplicates.sort(), ["0-x", "2-y", "4-x"]);
      assert.ok(result.id);
    });

    it("leaves alone what another partition is at, and does not wait for it", async () => {
      await claim(store, request(["a", "b"], { partition: 1 }));
      const result = await claim(store, request(["b", "c"]));
      assert.deepEqual(result.busy, ["b"]);
      assert.ok(result.id, "the rest is claimed");
    });

    it("takes over at once what an earlier owner of the partition left, and fences its late settle", async () => {
      for (const _owner of ["the earlier", "the later"]) {
        await acquire(progress, { group: "g", topic: "t", partition: 0, committed_progress_id: null }, now);
      }
      const earlier = await claim(store, request(["a", "b"], { epoch: 1, from: 10, to: 11 }));
      const later = await claim(store, request(["b", "c"], { epoch: 2, from: 11, to: 12 }));
      assert.deepEqual(later.redelivered, ["b"]);
      assert.equal(later.redelivered_to, 11);
      assert.deepEqual(later.busy, []);
      const late = { id: earlier.id ?? "", release: [], claimed: 2, ttl_ms: HOUR_MS };
      assert.equal(await settle(claims, late, now), "fenced");
      assert.equal(
        (await claims.findOne({ keys: "b" }))?._id.toHexString(),
        later.id,
        "the new owner's claim stands",
      );
    });

    it("takes over a delivery of its own that was given up", async () => {
      await claim(store, request(["a"], { attempt: 1 }));
      const again = await claim(store, request(["a"], { attempt: 2 }));
      assert.ok(again.id);
      assert.deepEqual(again.redelivered, ["a"]);
    });

    it("does not take over a delivery of the same attempt", async () => {
      await claim(store, request(["a"]));
      assert.deepEqual((await claim(store, request(["a"]))).busy, ["a"]);
    });

    it("stops an owner that a later one has replaced", async () => {
      await claim(store, request(["a"], { epoch: 2 }));
      await assert.rejects(claim(store, request(["a"], { epoch: 1, attempt: 9 })), { type: "WEIR_FENCED" });
    });

    it("takes over from another partition only when the lease is over", async () => {
      await claim(store, request(["a"], { partition: 1 }));
      now = new Date(now.getTime() + LEASE_MS - 1);
      assert.deepEqual((await claim(store, request(["a"]))).busy, ["a"]);
      now = new Date(now.getTime() + 1);
      const after = await claim(store, request(["a"]));
      assert.deepEqual(after.redelivered, ["a"]);
    });

    it("treats a redrive, which has no partition, by its lease alone", async () => {
      await claim(store, request(["a"], { partition: -1, epoch: 0, attempt: 0 }));
      assert.deepEqual((await claim(store, request(["a"], { epoch: 7 }))).busy, ["a"]);
    });

    it("lets a live copy wait for a redrive that died no longer than any delivery takes", async () => {
      await claim(store, request(["a"], { partition: -1, epoch: 0, attempt: 0 }));
      now = new Date(now.getTime() + LETTER_LEASE_MS - 1);
      assert.deepEqual((await claim(store, request(["a"], { epoch: 7 }))).busy, ["a"]);
      now = new Date(now.getTime() + 1);
      const after = await claim(store, request(["a"], { epoch: 7 }));
      assert.ok(after.id);
      assert.deepEqual(after.redelivered, ["a"]);
    });

    it("releases on settle what was not handled, and keeps the rest", async () => {
      const { id } = await claim(store, request(["a", "b", "c"]));
      await settle(claims, { id: id ?? "", release: ["b"], claimed: 3, ttl_ms: HOUR_MS }, now);
      const again = await claim(store, request(["a", "b", "c"]));
      assert.deepEqual(again.duplicates.sort(), ["a", "c"]);
      assert.ok(again.id, "b is free again");
    });

    it("settles twice as once, and lets a claim go whose events all failed", async () => {
      const first = await claim(store, request(["a"]));
      const settlement = { id: first.id ?? "", release: [], claimed: 1, ttl_ms: HOUR_MS };
      assert.equal(await settle(claims, settlement, now), "settled");
      assert.equal(await settle(claims, settlement, now), "settled");
      const second = await claim(store, request(["b"]));
      await settle(claims, { id: second.id ?? "", release: ["b"], claimed: 1, ttl_ms: HOUR_MS }, now);
      assert.equal(await claims.countDocuments({ keys: "b" }), 0);
    });

    it("keeps handled keys for as long as was asked", async () => {
      const { id } = await claim(store, request(["a"]));
      await settle(claims, { id: id ?? "", release: [], claimed: 1, ttl_ms: HOUR_MS }, now);
      assert.equal((await claims.findOne({ keys: "a" }))?.expires_at.getTime(), now.getTime() + HOUR_MS);
    });

    it("gives every key to exactly one of many that claim at once", async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, partition) =>
          claim(store, request(keys.slice(partition), { partition })),
        ),
      );
      const held = await claims.find({}).toArray();
      assert.equal(new Set(held.flatMap((document) => document.keys)).size, 50);
      assert.equal(held.flatMap((document) => document.keys).length, 50);
      for (const [index, { busy, id }] of results.entries()) {
        const own = held.find((document) => document._id.toHexString() === id)?.keys ?? [];
        assert.deepEqual(
          [...own, ...busy].sort(),
          keys.slice(index).sort(),
          "each key is either mine or busy",
        );
      }
    });

    describe("progress: the fence between a partition's owners", () => {
      const acquired = (committed_progress_id: string | null) =>
        acquire(progress, { group: "g", topic: "t", partition: 0, committed_progress_id }, now);

      it("raises the epoch with every owner, and goes on where Kafka's metadata names it", async () => {
        const first = await acquired(null);
        assert.deepEqual([first.began, first.epoch], ["first", 1]);
        const second = await acquired(first.progress_id);
        assert.deepEqual([second.began, second.epoch, second.progress_id], ["resumed", 2, first.progress_id]);
      });

      it("forgets what was handled before only when it begins anew, from there on, and never what a later owner has handled", async () => {
        const before = await acquired(null);
        await handled(["a"], { epoch: before.epoch });
        const late = await acquired(null);
        assert.deepEqual((await claim(store, request(["a"], { epoch: late.epoch }))).duplicates, ["a"]);
        const owner = await acquired(before.progress_id);
        assert.equal(owner.began, "resumed", "an owner that Kafka did not confirm has changed nothing");
        const begin = {
          group: "g",
          topic: "t",
          partition: 0,
          epoch: late.epoch,
          progress_id: late.progress_id,
          from: 0,
        };
        await assert.rejects(beginAnew(progress, claims, begin, now), { type: "WEIR_FENCED" });
        const reset = await acquired(null);
        await handled(["b"], { epoch: reset.epoch + 1 });
        await beginAnew(
          progress,
          claims,
          { ...begin, epoch: reset.epoch, progress_id: reset.progress_id },
          now,
        );
        assert.deepEqual((await claim(store, request(["a", "b"], { epoch: reset.epoch }))).duplicates, ["b"]);
        assert.equal((await acquired(reset.progress_id)).began, "resumed");
      });

      it("forgets nothing of what lies before the place where it begins anew", async () => {
        const before = await acquired(null);
        await handled(["a"], { epoch: before.epoch });
        const { epoch, progress_id } = await acquired(null);
        const begin = { group: "g", topic: "t", partition: 0, epoch, progress_id, from: 100 };
        await beginAnew(progress, claims, begin, now);
        assert.deepEqual((await claim(store, request(["a"], { epoch }))).duplicates, ["a"]);
      });

      it("begins anew after a reset of offsets or a topic made anew, which wipe the metadata", async () => {
        const first = await acquired(null);
        const second = await acquired(null);
        assert.equal(second.began, "anew");
        assert.equal(second.epoch, 2);
        assert.notEqual(second.progress_id, first.progress_id);
      });

      it("knows up to which offset an earlier owner had messages in hand, also after two crashes in a row", async () => {
        const first = await acquired(null);
        await claim(store, request(["a", "b"], { epoch: first.epoch, from: 40, to: 41 }));
        const second = await acquired(first.progress_id);
        assert.equal(second.redelivered_to, 41);
        await claim(store, request(["a"], { epoch: second.epoch, from: 40, to: 40 }));
        const third = await acquired(first.progress_id);
        assert.equal(third.redelivered_to, 41);
      });

      it("knows it also when everything was settled, and the keys have expired before somebody came", async () => {
        const first = await acquired(null);
        await handled(["a", "b"], { epoch: first.epoch });
        await claims.deleteMany({});
        const second = await acquired(first.progress_id);
        assert.equal(second.redelivered_to, 1);
        // A former owner's late chunk, which nobody could know of when the next one came.
        await handled(["c"], { epoch: first.epoch, from: 7, to: 7 } as Partial<Fence>);
        await claims.deleteMany({});
        assert.equal(
          (await claim(store, request(["c"], { epoch: second.epoch, from: 7, to: 7 }))).redelivered_to,
          7,
        );
      });

      it("forgets it with the run of offsets", async () => {
        const first = await acquired(null);
        await handled(["a", "b"], { epoch: first.epoch });
        const { epoch, progress_id } = await acquired(null);
        await beginAnew(
          progress,
          claims,
          { group: "g", topic: "t", partition: 0, epoch, progress_id, from: 0 },
          now,
        );
        assert.equal((await acquired(progress_id)).redelivered_to, null);
      });

      it("gives each of many owners at once an epoch of its own", async () => {
        const owners = await Promise.all(Array.from({ length: 10 }, () => acquired(null)));
        assert.equal(new Set(owners.map(({ epoch }) => epoch)).size, 10);
      });
    });
  });
