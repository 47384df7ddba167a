import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { withReference } from "../../schemas/configuration/reference";

describe("docs/configuration.md", () => {
  it("lists the settings as they are; `npm run docs` brings it up to date", () => {
    const document = readFileSync("docs/configuration.md", "utf8");
    assert.equal(document, withReference(document));
  });
});
