import { type IndexDeclaration, indexName } from "./declaration";
import { buildProgress } from "./progress";
import { inspectCollection } from "./read-collection";
import { reactionTo } from "./server-errors";
import { command, type Target } from "./target";

const PROGRESS_EVERY_MS = 2_000;
/** Every so many looks at the progress are logged. */
const LOGGED_LOOKS = 5;

type Specification = Record<string, unknown>;

export interface Refusal {
  index: IndexDeclaration;
  error: unknown;
}

/** Builds indexes with one command and answers those that MongoDB refuses; one that is refused does not keep the others away. */
export async function buildIndexes(target: Target, indexes: IndexDeclaration[]): Promise<Refusal[]> {
  try {
    await createIndexes(target, indexes.map(specificationOf));
    const names = indexes.map(indexName).join(", ");
    target.logger.info(`Indexes of "${target.declaration.collection}" created: ${names}.`);
    return [];
  } catch (error) {
    if (reactionTo(error) === "wait") throw error;
    if (indexes.length === 1) return indexes.map((index) => ({ index, error }));
    const refused: Refusal[] = [];
    for (const index of indexes) refused.push(...(await buildIndexes(target, [index])));
    return refused;
  }
}

/** Returns when they are ready. A build that is already going on is joined. */
export async function createIndexes(target: Target, specifications: Specification[]): Promise<void> {
  const { collection } = target.declaration;
  const timer = watchProgress(target);
  try {
    for (;;) {
      try {
        await command(target, { createIndexes: collection, indexes: specifications });
        return;
      } catch (error) {
        // MongoDB builds on when nobody waits for the answer; asking again waits for the same build.
        if ((error as Error).name !== "MongoNetworkTimeoutError" || !(await isBuilding(target))) throw error;
      }
    }
  } finally {
    clearInterval(timer);
  }
}

export function specificationOf(index: IndexDeclaration): Specification {
  const { description: _description, required: _required, ...specification } = index;
  // The driver would send what is undefined as null.
  const given = Object.entries(specification).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), name: indexName(index) };
}

async function isBuilding(target: Target): Promise<boolean> {
  const { indexes } = await inspectCollection(target);
  return indexes.some(({ actual }) => actual?.building);
}

function watchProgress({ db, declaration: { collection }, logger }: Target): NodeJS.Timeout {
  let looks = 0;
  const look = async () => {
    for (const { indexes, phase, percent } of await buildProgress(db, collection)) {
      const line = `Building ${indexes.join(", ")} on "${collection}": ${percent} % (${phase}).`;
      if (looks++ % LOGGED_LOOKS === 0) logger.info(line);
    }
  };
  return setInterval(() => void look(), PROGRESS_EVERY_MS).unref();
}
