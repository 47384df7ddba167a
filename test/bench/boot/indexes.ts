// `npm run bench:boot`: what a boot with everything in sync costs, against creating all indexes always, as other tools do.
import { MongoClient } from "mongodb";
import type { CollectionDeclaration } from "../../../mixins/mongo-schema/declaration";
import { acquireServers } from "../../../services/embedded/embedded-servers";
import { type SchemaTarget, schemaTarget } from "../../support/schema-target";

const COLLECTIONS = 12;
const INDEXES = 10;
const ROUNDS = 60;
/** Not counted: both are compiled meanwhile. */
const WARM_UP = 10;

const declarations = Array.from({ length: COLLECTIONS }, (_, n): CollectionDeclaration => {
  const indexes = Array.from({ length: INDEXES - 2 }, (_, i) => ({
    key: { [`field_${i}`]: 1 as const, at: -1 as const },
  }));
  return {
    collection: `collection_${n}`,
    indexes: [
      ...indexes,
      { key: { id: 1 }, unique: true },
      { key: { expires_at: 1 }, expireAfterSeconds: 3600 },
    ],
  };
});

async function main(): Promise<void> {
  const given = process.env.MONGO_URL;
  const dataDir = process.env.WEIR_DATA_DIR ?? ".weir";
  const servers = await acquireServers({ dataDir, kafka: false, mongo: !given });
  const client = await MongoClient.connect(given ?? servers.mongoUrl ?? "", {
    useUnifiedTopology: true,
    monitorCommands: true,
  });
  const db = client.db(`bench_boot_${process.pid}`);
  try {
    // As of a new process: nothing is remembered of the boot before.
    const freshTargets = () => {
      const anew = client.db(db.databaseName, { returnNonCachedInstance: true });
      return declarations.map((declaration) => schemaTarget(anew, declaration));
    };
    const compare = (targets: SchemaTarget[]) => Promise.all(targets.map((target) => target.ensure()));
    const always = () =>
      Promise.all(
        declarations.map(({ collection, indexes = [] }) =>
          db.collection(collection).createIndexes([...indexes]),
        ),
      );
    const times = { compared: [] as number[], always: [] as number[] };
    await compare(freshTargets());
    // Turn about, so that whatever else the machine does meets both.
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const targets = freshTargets();
      times.always.push(await timed(always));
      times.compared.push(await timed(() => compare(targets)));
    }
    const [created, compared] = [median(times.always.slice(WARM_UP)), median(times.compared.slice(WARM_UP))];
    const commands: string[] = [];
    client.on("commandStarted", ({ commandName }) => commands.push(commandName));
    await compare(freshTargets());
    const counted = Object.entries(Object.groupBy(commands, (command) => command));
    console.log(
      `${COLLECTIONS} collections with ${INDEXES} indexes each, in sync; medians of ${ROUNDS} boots`,
    );
    console.log(`create always        ${created.toFixed(2)} ms`);
    console.log(`compare (this mixin) ${compared.toFixed(2)} ms`);
    console.log(`ratio                ${(compared / created).toFixed(2)} (1 or less is wanted)`);
    console.log(`commands of a boot   ${counted.map(([name, all]) => `${all?.length} ${name}`).join(", ")}`);
  } finally {
    await db.dropDatabase();
    await client.close();
    await servers.release();
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

void main();
