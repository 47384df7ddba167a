import type { Db } from "mongodb";
import type { IndexState } from "./plan";

export interface BuildProgress {
  indexes: string[];
  /** MongoDB's own word, such as `scanning collection`. */
  phase: string;
  percent: number;
}

interface Operation {
  msg?: string;
  progress: { done: number; total: number };
  command: { indexes?: { name: string }[] };
}

/** Of the builds on a collection that run now; empty where this user may not see operations. */
export async function buildProgress(db: Db, collection: string): Promise<BuildProgress[]> {
  const pipeline = [
    // The build's own thread counts as idle.
    { $currentOp: { allUsers: true, idleConnections: true } },
    {
      $match: {
        ns: `${db.databaseName}.${collection}`,
        "command.createIndexes": collection,
        progress: { $exists: true },
      },
    },
    { $project: { msg: 1, progress: 1, "command.indexes.name": 1 } },
  ];
  try {
    const reply = await db.admin().command({ aggregate: 1, pipeline, cursor: {} });
    return (reply.cursor.firstBatch as Operation[]).map(
      ({ msg = "", progress: { done, total }, command }) => ({
        indexes: command.indexes?.map(({ name }) => name) ?? [],
        phase: /^Index Build: (.+?)(?: Index Build:|:|$)/.exec(msg)?.[1] ?? "building",
        percent: Number(total) > 0 ? Math.floor((Number(done) * 100) / Number(total)) : 0,
      }),
    );
  } catch {
    return [];
  }
}

export function withProgress(states: IndexState[], builds: BuildProgress[]): IndexState[] {
  return states.map((state) => {
    const build = state.state === "building" && builds.find(({ indexes }) => indexes.includes(state.name));
    return build ? { ...state, progress: { phase: build.phase, percent: build.percent } } : state;
  });
}
