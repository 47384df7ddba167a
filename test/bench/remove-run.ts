import { MongoClient } from "mongodb";
import { kafkaFor } from "./backlog";

/** Removes the topics, groups and databases whose names begin so. */
export async function removeRun(run: string, brokers: string[], mongoUrl: string): Promise<void> {
  const admin = kafkaFor(brokers).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(run));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  const groups = (await admin.listGroups()).groups
    .map(({ groupId }) => groupId)
    .filter((group) => group.startsWith(run));
  if (groups.length > 0) await admin.deleteGroups(groups).catch(() => undefined);
  await admin.disconnect();
  const client = await MongoClient.connect(mongoUrl, { useUnifiedTopology: true });
  const { databases } = await client.db("admin").admin().listDatabases({ nameOnly: true });
  for (const { name } of databases) if (name.startsWith(run)) await client.db(name).dropDatabase();
  await client.close();
}
