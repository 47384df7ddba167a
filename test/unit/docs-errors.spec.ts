import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ERRORS } from "../../schemas/errors";

const FILE = path.resolve(__dirname, "../../docs/errors.md");

describe("docs/errors.md", () => {
  const rows = readFileSync(FILE, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `WEIR_"))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  it("has a row for every code, in the order of schemas/errors.ts, with its status and meaning", () => {
    assert.deepEqual(
      rows.map(([, code, status, meaning]) => [code?.replaceAll("`", ""), Number(status), meaning]),
      Object.entries(ERRORS).map(([code, { status, meaning }]) => [code, status, meaning]),
    );
  });

  it("says for each what to do", () => {
    for (const [, code, , , todo] of rows)
      assert.ok(todo && todo.length > 5, `${code} needs something to do`);
  });
});
