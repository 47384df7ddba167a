import { readFileSync } from "node:fs";
import { type DlqPolicy, policyProblem } from "../dlq-policy";
import type { Kind } from "./kinds";

/** JSON, or the path of a file with it. */
export const dlqPolicies: Kind<DlqPolicy[]> = {
  expected: "a list of policies as JSON, or the path of a file with one",
  parse(written) {
    const policies = readJson(written);
    return Array.isArray(policies) && policyProblem(policies) === null ? policies : undefined;
  },
  schema: { type: "array" },
  explain(written) {
    const policies = readJson(written);
    if (policies === undefined) return "neither JSON nor a file with JSON";
    return Array.isArray(policies) ? (policyProblem(policies) ?? undefined) : "no list";
  },
};

function readJson(written: string): unknown {
  try {
    return JSON.parse(/^\s*[[{]/.test(written) ? written : readFileSync(written, "utf8"));
  } catch {
    return undefined;
  }
}
