import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");
const FOLDER = "test/integration/kafka-invariants";

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** The titles of a spec's tests; of those that are made in a loop, what all of them begin with. */
function titlesIn(spec: string): string[] {
  const titles = read(spec).matchAll(/\bit\(\s*(["`])(.+?)(?:,? ?\$\{[^}]*\})?\1/g);
  return [...titles].map(([, , title]) => String(title));
}

describe("docs/architecture.md, the table of what holds whatever the Kafka client does", () => {
  const [, table] = read("docs/architecture.md").split("| What holds | Kept in | Test |\n");
  const rows = String(table)
    .slice(0, String(table).indexOf("\n\n"))
    .split("\n")
    .slice(1)
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, title, , test]) => ({ title: String(title), spec: String(test).replaceAll("`", "") }));

  it("names tests that are there", () => {
    assert.ok(rows.length > 0);
    for (const { title, spec } of rows)
      assert.ok(titlesIn(spec).includes(title), `${spec} has no test "${title}"`);
  });

  for (const name of readdirSync(path.join(ROOT, FOLDER))) {
    const spec = `${FOLDER}/${name}`;
    it(`has a row for every test of ${name}`, () => {
      const named = rows.filter((row) => row.spec === spec).map(({ title }) => title);
      assert.deepEqual(named.sort(), titlesIn(spec).sort());
    });
  }
});
