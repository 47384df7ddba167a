import type { Logger } from "moleculer";
import type { Db } from "mongodb";
import { checkDeclarations } from "../../mixins/mongo-schema/check-declarations";
import type { CollectionDeclaration } from "../../mixins/mongo-schema/declaration";
import { ensureCollection } from "../../mixins/mongo-schema/ensure";
import type { CollectionPlan } from "../../mixins/mongo-schema/plan";
import { inspectCollection } from "../../mixins/mongo-schema/read-collection";
import type { Healing, Target } from "../../mixins/mongo-schema/target";

/** What the mixin does for a service, without a broker. */
export interface SchemaTarget extends Target {
  /** Lines such as `warn: …`. */
  log: string[];
  ensure(healing?: Partial<Healing>): Promise<CollectionPlan>;
  plan(): Promise<CollectionPlan>;
}

export function schemaTarget(db: Db, declaration: CollectionDeclaration, service = "orders"): SchemaTarget {
  checkDeclarations(service, [declaration]);
  const log: string[] = [];
  const write = (level: string) => (line: string) => void log.push(`${level}: ${line}`);
  const logger = Object.fromEntries(
    ["fatal", "error", "warn", "info", "debug", "trace"].map((level) => [level, write(level)]),
  ) as unknown as Logger;
  const target: Target = { db, service, declaration, logger, signal: new AbortController().signal };
  return {
    ...target,
    log,
    ensure: (healing) => ensureCollection(target, { policy: "warn", ...healing }),
    plan: () => inspectCollection(target, { fresh: true }),
  };
}

/** States of the indexes by name. */
export function statesOf({ indexes }: CollectionPlan): Record<string, string> {
  return Object.fromEntries(indexes.map(({ name, state }) => [name, state]));
}

/** The commands that the server took on this database while `run` ran, by its own profiler. */
export async function commandsDuring(db: Db, run: () => Promise<unknown>): Promise<string[]> {
  await db.command({ profile: 0 });
  await db
    .collection("system.profile")
    .drop()
    .catch(() => undefined);
  await db.command({ profile: 2 });
  try {
    await run();
  } finally {
    await db.command({ profile: 0 });
  }
  const profiled = await db
    .collection<{ op: string; command: object }>("system.profile")
    .find({ "command.profile": { $exists: false } })
    .sort({ ts: 1 })
    .toArray();
  return profiled.map(({ op, command }) => (op === "command" ? (Object.keys(command)[0] ?? op) : op));
}
