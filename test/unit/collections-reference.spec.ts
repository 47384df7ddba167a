import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { withCollections } from "../../services/collections-reference";

describe("docs/collections.md", () => {
  it("lists the collections as they are declared; `npm run docs` brings it up to date", () => {
    const document = readFileSync("docs/collections.md", "utf8");
    assert.equal(document, withCollections(document));
  });
});
