import { type Db, MongoClient } from "mongodb";
import type { CollectionDeclaration } from "../../../mixins/mongo-schema/declaration";
import { schemaTarget } from "../../support/schema-target";
import { median } from "../report/statistics";
import type { Session } from "../session/session";

const COLLECTIONS = 12;
const INDEXES = 10;
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

/** What a boot with everything in sync costs, against creating all indexes always, as other tools do. */
export async function measureIndexes(session: Session, rounds: number): Promise<string> {
  const client = await MongoClient.connect(session.mongoUrl, {
    useUnifiedTopology: true,
    monitorCommands: true,
  });
  const name = session.name();
  try {
    const times = await takeTurns(client, client.db(name), rounds);
    const [created, compared] = [median(times.always), median(times.compared)];
    const commands = await commandsOf(client, name);
    console.log(
      JSON.stringify({ boot: "indexes", rounds, alwaysMs: created, comparedMs: compared, commands }),
    );
    return [
      `${COLLECTIONS} collections with ${INDEXES} indexes each, in sync; medians of ${rounds} boots`,
      `create always        ${created.toFixed(2)} ms`,
      `compare (this mixin) ${compared.toFixed(2)} ms`,
      `ratio                ${(compared / created).toFixed(2)} (1 or less is wanted)`,
      `commands of a boot   ${commands}`,
    ].join("\n");
  } finally {
    await client.close();
    await session.forget(name);
  }
}

/** As of a new process: nothing is remembered of the boot before. */
function freshTargets(client: MongoClient, database: string) {
  const anew = client.db(database, { returnNonCachedInstance: true });
  return declarations.map((declaration) => schemaTarget(anew, declaration));
}

const compare = (targets: ReturnType<typeof freshTargets>) =>
  Promise.all(targets.map((target) => target.ensure()));

/** Turn about, so that whatever else the machine does meets both. */
async function takeTurns(client: MongoClient, db: Db, rounds: number) {
  const always = () =>
    Promise.all(
      declarations.map(({ collection, indexes = [] }) =>
        db.collection(collection).createIndexes([...indexes]),
      ),
    );
  const times = { compared: [] as number[], always: [] as number[] };
  await compare(freshTargets(client, db.databaseName));
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const targets = freshTargets(client, db.databaseName);
    times.always.push(await timed(always));
    times.compared.push(await timed(() => compare(targets)));
  }
  return { compared: times.compared.slice(WARM_UP), always: times.always.slice(WARM_UP) };
}

async function commandsOf(client: MongoClient, database: string): Promise<string> {
  const commands: string[] = [];
  client.on("commandStarted", ({ commandName }) => commands.push(commandName));
  await compare(freshTargets(client, database));
  const counted = Object.entries(Object.groupBy(commands, (command) => command));
  return counted.map(([name, all]) => `${all?.length} ${name}`).join(", ");
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}
