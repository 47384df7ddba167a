import { isUnreachable } from "./connection-errors";

/** What the mixin does about an error of MongoDB. */
export type Reaction =
  /** Waited out, with a line in the log: no primary, no connection. */
  | "wait"
  /** Somebody else changed the same at the same time: looked at anew. */
  | "look_again"
  /** Documents contradict a unique index: told with examples. */
  | "duplicates"
  /** Told with service, collection, index and remedy. */
  | "tell";

const BY_CODE: Record<number, Reaction> = {
  /** NamespaceNotFound: dropped meanwhile. */
  26: "look_again",
  /** IndexNotFound: dropped meanwhile. */
  27: "look_again",
  /** NamespaceExists: created meanwhile. */
  48: "look_again",
  /** InvalidOptions, of an index made unique while another process took its preparation back. */
  72: "look_again",
  /** IndexOptionsConflict, IndexKeySpecsConflict: another index was created meanwhile. */
  85: "look_again",
  86: "look_again",
  /** IndexBuildAborted: somebody dropped it while it was built. */
  276: "look_again",
  /** CannotConvertIndexToUnique */
  359: "duplicates",
  11000: "duplicates",
};

/** What collMod says where another process changes the same index; the server gives it no code of its own. */
const CHANGED_MEANWHILE = /index was modified by another thread/;

export function reactionTo(error: unknown): Reaction {
  if (isUnreachable(error)) return "wait";
  if (CHANGED_MEANWHILE.test(String((error as Error)?.message))) return "look_again";
  return BY_CODE[codeOf(error)] ?? "tell";
}

export function codeOf(error: unknown): number {
  return Number((error as { code?: number }).code ?? 0);
}
