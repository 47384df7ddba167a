import type { Admin } from "kafkajs";
import type { MongoClient } from "mongodb";
import { waitFor } from "./wait-for";

/** Deletes the groups and topics whose names begin with `prefix`. A killed member counts until its session is over. */
export async function removeFromKafka(admin: Admin, prefix: string): Promise<void> {
  const groups = await groupsOf(admin, prefix);
  if (groups.length > 0) {
    await waitFor(async () => (await groupsWithMembers(admin, groups)).length === 0, {
      what: `nobody to be a member of ${groups.join(", ")} any more`,
      limitMs: 15_000,
    });
    await admin.deleteGroups(groups);
  }
  const topics = await topicsOf(admin, prefix);
  if (topics.length > 0) await admin.deleteTopics({ topics });
}

/** Drops the databases whose names begin with `prefix`. */
export async function removeFromMongo(mongo: MongoClient, prefix: string): Promise<void> {
  for (const name of await databasesOf(mongo, prefix)) await mongo.db(name).dropDatabase();
}

export async function topicsOf(admin: Admin, prefix: string): Promise<string[]> {
  return (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
}

export async function groupsOf(admin: Admin, prefix: string): Promise<string[]> {
  const { groups } = await admin.listGroups();
  return groups.map((group) => group.groupId).filter((id) => id.startsWith(prefix));
}

export async function databasesOf(mongo: MongoClient, prefix: string): Promise<string[]> {
  const { databases } = await mongo.db("admin").admin().listDatabases({ nameOnly: true });
  return (databases as { name: string }[]).map(({ name }) => name).filter((name) => name.startsWith(prefix));
}

async function groupsWithMembers(admin: Admin, ids: string[]): Promise<string[]> {
  const { groups } = await admin.describeGroups(ids);
  return groups.filter((group) => group.members.length > 0).map((group) => group.groupId);
}
