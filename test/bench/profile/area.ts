import path from "node:path";
import type { CallFrame } from "./self-time";

const ROOT = path.resolve(__dirname, "../../..");

/** What V8 names in parentheses. */
const OWN: Record<string, string> = {
  "(garbage collector)": "garbage collection",
  "(idle)": "idle",
  "(program)": "native code",
  "(root)": "native code",
};

const PACKAGES: [RegExp, string][] = [
  [/^kafkajs$/, "kafkajs"],
  [/^(?:mongodb|bson|denque|moleculer-db.*)$/, "MongoDB driver and BSON"],
  [/^(?:ajv.*|fast-uri|fast-deep-equal)$/, "AJV"],
  [/^(?:moleculer|fastest-validator|eventemitter2)$/, "moleculer"],
];

/** Which area a function's own time belongs to. */
export function areaOf({ functionName, url }: CallFrame): string {
  const own = OWN[functionName];
  if (own) return own;
  // AJV compiles its schemas to functions without a file.
  if (url === "") return /^validate\d*$/.test(functionName) ? "AJV" : builtIn(functionName);
  if (url.startsWith("node:")) return "Node.js";
  const file = decodeURIComponent(url.replace(/^file:\/\//, ""));
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  if (inPackage) return PACKAGES.find(([pattern]) => pattern.test(inPackage))?.[1] ?? `package ${inPackage}`;
  const folder = path.dirname(path.relative(ROOT, file));
  return folder.startsWith("..") ? "elsewhere" : `weir: ${folder}`;
}

function builtIn(functionName: string): string {
  return functionName === "parse" || functionName === "stringify" ? "JSON" : "V8 built-ins";
}
