import { createHash } from "node:crypto";
import type { EventFailure } from "../../../schemas/delivery";

/** What letters of one cause have in common. */
export interface Cause {
  reason: string;
  error: EventFailure;
  group?: string;
  event_type?: string;
}

/**
 * 16 hex digits, the same for letters of one cause: reason, kind of error, where in the code or in the schema it came up,
 * group and event type. What differs from event to event or from release to release (messages, line numbers, folders of an
 * installation) is left out.
 */
export function fingerprintOf({ reason, error, group, event_type }: Cause): string {
  const place = schemaPlace(error) ?? topFrame(error.stack) ?? "";
  const parts = [reason, error.type, place, group ?? "", event_type ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** The rule and the field that a message broke first; numbers in a path are positions in a list. */
function schemaPlace({ details }: EventFailure): string | undefined {
  const [first] = Array.isArray(details?.errors)
    ? (details.errors as { path?: unknown; keyword?: unknown }[])
    : [];
  if (typeof first?.keyword !== "string") return undefined;
  return `${String(first.path ?? "").replace(/\/\d+(?=\/|$)/g, "/*")} ${first.keyword}`;
}

const FRAME = /^\s*at (?:(?:async )?(.+?) \()?(?:file:\/\/)?(.+?)(?::\d+)?(?::\d+)?\)?$/;

/** Function and file of the first frame that is the plugin's own: neither of a package nor of Node.js itself. */
export function topFrame(stack: string | undefined): string | undefined {
  const frames = (stack ?? "").split("\n").filter((line) => /^\s*at /.test(line));
  const own = frames.find((line) => !/node_modules|node:|\(<anonymous>\)/.test(line)) ?? frames[0];
  const [, call = "", file = ""] = FRAME.exec(own ?? "") ?? [];
  if (!own) return undefined;
  // The last two parts of the path: where a release is installed differs from node to node.
  return `${call} ${file.split(/[\\/]/).slice(-2).join("/")}`.trim();
}
