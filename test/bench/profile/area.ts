import path from "node:path";
import type { CallFrame } from "./self-time";

const ROOT = path.resolve(__dirname, "../../..");

/** What V8 names in parentheses. */
const OWN = new Map([
  ["(garbage collector)", "garbage collection"],
  ["(idle)", "idle"],
  ["(program)", "native code"],
  ["(root)", "native code"],
]);

const PACKAGES: [RegExp, string][] = [
  [/^kafkajs$/, "kafkajs"],
  [/^(?:mongodb|bson|bl|denque|readable-stream|moleculer-db.*)$/, "MongoDB driver and BSON"],
  [/^(?:ajv.*|fast-uri|fast-deep-equal)$/, "AJV"],
  [/^(?:moleculer|fastest-validator|eventemitter2)$/, "moleculer"],
];

/** V8 counts JSON.parse to its caller: this one does hardly anything else. */
const JSON_CALLER = "readMessage services/bridge/read-message.ts";

/**
 * Which area a function's own time belongs to; null where it works for whoever called it: V8's and Node.js's own functions, and
 * code that was generated.
 */
export function areaOf({ functionName, url, lineNumber }: CallFrame): string | null {
  const own = OWN.get(functionName);
  if (own) return own;
  // AJV compiles its schemas to functions without a file.
  if (url === "") return lineNumber >= 0 && /^validate\d*$/.test(functionName) ? "AJV" : null;
  if (!url.startsWith("file:") && !path.isAbsolute(url)) return null;
  const file = decodeURIComponent(url.replace(/^file:\/\//, ""));
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  if (inPackage) return PACKAGES.find(([pattern]) => pattern.test(inPackage))?.[1] ?? `package ${inPackage}`;
  const relative = path.relative(ROOT, file).replace(/\.js$/, ".ts");
  if (relative.startsWith("..")) return "elsewhere";
  return `${functionName} ${relative}` === JSON_CALLER ? "JSON" : `weir: ${path.dirname(relative)}`;
}

/** The area of what nobody called but the event loop. */
export const LOOP_AREA = "Node.js";
