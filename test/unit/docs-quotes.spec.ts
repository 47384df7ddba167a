import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");
const FOLDERS = "docs|mixins|schemas|services|test";
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...pagesOf("docs")];
/** Pages whose TypeScript is quoted from files that are compiled and run; other pages show forms. */
const QUOTING = [
  "README.md",
  "docs/plugins.md",
  "docs/operations.md",
  "docs/architecture.md",
  "docs/idempotency.md",
  "docs/dead-letters.md",
  "docs/redrive.md",
  "docs/events.md",
  "docs/actions.md",
];

function pagesOf(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** The place that a heading has in a page's address. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => String(heading));
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("documentation", () => {
  for (const page of PAGES) {
    const text = read(page);
    const prose = text.replace(/^```[\s\S]*?^```/gm, "");

    describe(page, () => {
      const quotes = [...text.matchAll(/^<!-- from (\S+) -->\n```\w+\n([\s\S]*?)^```/gm)];
      for (const [, file, quoted] of quotes) {
        it(`quotes ${file} as it is`, () => assert.ok(read(String(file)).includes(String(quoted)), quoted));
      }

      if (QUOTING.includes(page)) {
        it("shows no TypeScript that is not quoted", () => {
          assert.equal([...text.matchAll(/^```ts$/gm)].length, quotes.length);
        });
      }

      it("links to pages and headings that are there", () => {
        for (const [, target] of prose.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
          const [file, anchor] = String(target).split("#");
          const linked = file ? path.join(path.dirname(page), file) : page;
          assert.ok(existsSync(path.join(ROOT, linked)), `${target} is not there`);
          if (anchor) assert.ok(anchorsOf(linked).includes(anchor), `${target} has no such heading`);
        }
      });

      it("names files that are there", () => {
        const named = prose.matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]+)\``, "g"));
        for (const [, file] of named)
          assert.ok(existsSync(path.join(ROOT, String(file))), `${file} is not there`);
      });

      it("names npm scripts that are there", () => {
        const { scripts } = JSON.parse(read("package.json"));
        for (const [, script] of text.matchAll(/npm run ([a-z:]+)/g))
          assert.ok(scripts[String(script)], `npm run ${script} is no script`);
      });
    });
  }
});
