import assert from "node:assert/strict";
import { insertNew, insertNewAtOnce } from "../../mixins/mongo-schema/insert-new";
import { createSpace, type Space } from "../support";

interface Numbered {
  n: number;
  text?: string;
}

describe("inserting what is new", () => {
  let space: Space;
  before(async () => {
    space = await createSpace();
  });
  after(() => space.close());

  const ways: [string, (name: string, documents: Numbered[]) => Promise<number[]>][] = [
    ["by the driver's bulk", (name, documents) => insertNew(space.db.collection<Numbered>(name), documents)],
    ["by one command", (name, documents) => insertNewAtOnce(space.db, name, documents)],
  ];

  for (const [at, [title, insert]] of ways.entries()) {
    describe(title, () => {
      const name = `numbered${at}`;
      const numbers = async () => {
        const found = await space.db.collection<Numbered>(name).find().sort({ n: 1 }).toArray();
        return found.map(({ n }) => n);
      };

      beforeEach(async () => {
        await space.db.createCollection(name, { validator: { n: { $gte: 0 } } });
        await space.db.collection(name).createIndex({ n: 1 }, { unique: true });
      });
      afterEach(() => space.db.dropCollection(name));

      it("stores all where none is there", async () => {
        assert.deepEqual(await insert(name, [{ n: 2 }, { n: 1 }]), []);
        assert.deepEqual(await numbers(), [1, 2]);
      });

      it("names what is there already, and stores the rest", async () => {
        await insert(name, [{ n: 3 }, { n: 5 }]);
        assert.deepEqual(await insert(name, [{ n: 5 }, { n: 4 }, { n: 3 }, { n: 6 }, { n: 6 }]), [0, 2, 4]);
        assert.deepEqual(await numbers(), [3, 4, 5, 6]);
      });

      it("throws what else the server says, though some are there already", async () => {
        await insert(name, [{ n: 1 }]);
        await assert.rejects(insert(name, [{ n: 1 }, { n: -1 }, { n: 2 }]));
        assert.deepEqual(await numbers(), [1, 2]);
      });

      it("keeps names with dots", async () => {
        const dotted = { n: 1, "a.b": "c" } as Numbered;
        await insert(name, [dotted]);
        const [found] = await space.db
          .collection(name)
          .aggregate([{ $project: { _id: 0 } }])
          .toArray();
        assert.deepEqual(found, { n: 1, "a.b": "c" });
      });
    });
  }
});
