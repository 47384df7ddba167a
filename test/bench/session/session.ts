import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";
import { type PrivateTestServers, privateServers } from "../../support/private-servers";
import { kafkaFor } from "./kafka-client";

/** A Kafka and a MongoDB of this run alone, on loopback and on empty data, and what is measured against them. */
export interface Session {
  brokers: string[];
  mongoUrl: string;
  servers: PrivateTestServers;
  mongo: MongoClient;
  /** A name that nothing else in this run has: valid as a database, and as the beginning of topics and groups. */
  name(): string;
  /** What a measurement has written is removed and flushed, so that it is no burden for the next. */
  forget(database: string): Promise<void>;
  deleteTopics(prefix: string): Promise<void>;
}

/** Runs `work` and leaves nothing behind, also when it fails or when somebody interrupts it. */
export async function withSession(work: (session: Session) => Promise<void>): Promise<void> {
  const run = `bench-${randomBytes(3).toString("hex")}`;
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new Error(`Interrupted by ${signal}.`)));
  });
  // Also while the servers start: they are stopped once they are there.
  interrupted.catch(() => undefined);
  const servers = await privateServers();
  let mongo: MongoClient | undefined;
  try {
    mongo = await MongoClient.connect(servers.mongoUrl, { useUnifiedTopology: true });
    await Promise.race([work(sessionOf(run, servers, mongo)), interrupted]);
  } finally {
    await mongo?.close(true).catch(() => undefined);
    await servers.close();
  }
}

function sessionOf(run: string, servers: PrivateTestServers, mongo: MongoClient): Session {
  const { brokers, mongoUrl } = servers;
  let count = 0;
  return {
    brokers,
    mongoUrl,
    servers,
    mongo,
    name: () => {
      count += 1;
      return `${run}-${count}`;
    },
    forget: async (database) => {
      await mongo.db(database).dropDatabase();
      await mongo.db("admin").command({ fsync: 1 });
    },
    deleteTopics: async (prefix) => {
      const admin = kafkaFor(brokers).admin();
      await admin.connect();
      try {
        const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
        if (topics.length > 0) await admin.deleteTopics({ topics });
      } finally {
        await admin.disconnect();
      }
    },
  };
}

/** The frame of every measuring program: one session, one exit code. */
export function measuringProgram(work: (session: Session) => Promise<void>): void {
  withSession(work).then(
    () => process.exit(0),
    (error: Error) => {
      console.error(error.stack);
      process.exit(1);
    },
  );
}
