import assert from "node:assert/strict";
import { checkDeclarations } from "../../mixins/mongo-schema/check-declarations";
import { plan } from "../../mixins/mongo-schema/plan";
import { createSpace, type Space, seeded } from "../support";
import { generatedDeclaration, singleChanges } from "../support/generated-indexes";
import { commandsDuring, schemaTarget } from "../support/schema-target";

const SEED = 20_261;
const DECLARATIONS = 200;

describe("generated declarations", () => {
  let space: Space;
  before(async () => {
    space = await createSpace();
  });
  after(() => space.close());

  it(`${DECLARATIONS} of them are in sync once applied, and each change of one option is seen`, async () => {
    const random = seeded(SEED);
    let changes = 0;
    for (let n = 0; n < DECLARATIONS; n++) {
      const declaration = generatedDeclaration(`c${n}`, random);
      const told = JSON.stringify(declaration);
      const target = schemaTarget(space.db, declaration);
      const applied = await target.ensure();
      const states = [applied.state, ...applied.indexes.map(({ state }) => state)];
      assert.ok(
        states.every((state) => state === "in_sync"),
        `${told}: ${states}`,
      );

      // The plan is pure: the changes are compared with the collection as it was read once.
      const actual = {
        options: (await space.db.listCollections({ name: declaration.collection }).toArray())[0].options,
        indexes: await space.db.collection(declaration.collection).listIndexes().toArray(),
      };
      for (const [position, index] of (declaration.indexes ?? []).entries()) {
        for (const changed of singleChanges(index)) {
          const indexes = [changed];
          const alone = { ...declaration, indexes };
          checkDeclarations("generated", [alone]);
          const only = { ...actual, indexes: actual.indexes.filter(({ name }) => name === index.name) };
          assert.equal(only.indexes.length, 1, `${told}: index ${position}`);
          const [state] = plan(alone, only).indexes;
          assert.notEqual(state?.state, "in_sync", `${JSON.stringify(index)} and ${JSON.stringify(changed)}`);
          changes++;
        }
      }
    }
    assert.ok(changes > 2 * DECLARATIONS, `${changes} changes were tried`);
  });

  it("nothing is written for any of them the second time", async () => {
    const random = seeded(SEED);
    const targets = Array.from({ length: DECLARATIONS }, (_, n) =>
      schemaTarget(space.db, generatedDeclaration(`c${n}`, random)),
    );
    const commands = await commandsDuring(space.db, async () => {
      for (const target of targets) await target.ensure();
    });
    const others = commands.filter((command) => command !== "listIndexes" && command !== "listCollections");
    assert.deepEqual(others, []);
    assert.equal(commands.filter((command) => command === "listIndexes").length, DECLARATIONS);
  });
});
