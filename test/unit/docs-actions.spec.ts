import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ActionSchema } from "moleculer";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { ERRORS } from "../../schemas/errors";
import { createGateway } from "../../services/runtime/gateway";

const DOCS = path.resolve(__dirname, "../../docs");
const HEAD = "| Action | Parameters | Result | Errors | Example |";
const HEAD_WITHIN = "| Action | Called by | For |";

interface Row {
  actions: string[];
  cells: string[];
}

/** Every row of the tables with that head; the first cell names one action, or several that are alike. */
function rowsUnder(page: string, head: string): Row[] {
  const tables = page.split(`${head}\n`).slice(1);
  return tables.flatMap((text) =>
    String(text.split("\n\n")[0])
      .split("\n")
      .slice(1)
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
      .map(([, names = "", ...cells]) => ({ actions: codes(names), cells })),
  );
}

function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => String(code));
}

describe("docs/actions.md", () => {
  const page = readFileSync(path.join(DOCS, "actions.md"), "utf8");
  const rows = rowsUnder(page, HEAD);
  const within = rowsUnder(page, HEAD_WITHIN);
  const declared = new Map<string, ActionSchema>();
  const broker = createGateway(loadConfiguration({}), { broker: { logger: false } });
  for (const { name, schema } of broker.services) {
    if (name.startsWith("$")) continue;
    for (const [action, definition] of Object.entries(schema.actions ?? {}))
      declared.set(`${name}.${action}`, definition as ActionSchema);
  }

  it("has every action of the gateway's services once, and no other", () => {
    const listed = [...rows, ...within].flatMap(({ actions }) => actions);
    assert.deepEqual(listed.sort(), [...declared.keys()].sort());
  });

  it("calls none that anybody may call one between the services", () => {
    for (const name of within.flatMap(({ actions }) => actions))
      assert.equal(declared.get(name)?.visibility, "public", name);
  });

  for (const { actions, cells } of rows) {
    const [parameters = "", result = "", errors = "", example = ""] = cells;

    describe(actions.join(", "), () => {
      it("has its parameters", () => {
        for (const name of actions) {
          const { params = {} } = declared.get(name) as { params?: Record<string, Rule> };
          const names = Object.entries(params).filter(([member]) => !member.startsWith("$$"));
          const forms = names.map(([member, rule]) => (mayBeLeftOut(rule) ? `${member}?` : member));
          const told = codes(parameters).filter((code) => Object.hasOwn(params, code.replace("?", "")));
          assert.deepEqual(told.sort(), forms.sort(), name);
          if (forms.length === 0) assert.equal(parameters, "none", name);
        }
      });

      it("has its result, and errors that there are", () => {
        assert.ok(result.length > 5);
        if (errors === "none" || errors === "in each letter's own result") return;
        for (const code of errors.split(", ")) assert.ok(Object.hasOwn(ERRORS, code), `${code} is no error`);
      });

      it("has an example that a test runs", () => {
        const [, linked = ""] = /\]\(([^)#]*)#?[^)]*\)/.exec(example) ?? [];
        const quoting = readFileSync(path.join(DOCS, linked || "actions.md"), "utf8");
        const quoted = [...quoting.matchAll(/^<!-- from test\/examples\/\S+ -->\n```ts\n([\s\S]*?)^```/gm)];
        // Of those that every service with a collection has, one is shown.
        const shown = actions.filter((name) => quoted.some(([, code]) => code?.includes(`"${name}"`)));
        const wanted = actions[0]?.endsWith(".indexes") ? ["events.indexes"] : actions;
        assert.deepEqual(shown, wanted);
      });
    });
  }
});

type Rule = string | { optional?: boolean; default?: unknown };

function mayBeLeftOut(rule: Rule): boolean {
  return typeof rule === "object" && (rule.optional === true || rule.default !== undefined);
}
