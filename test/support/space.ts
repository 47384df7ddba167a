import type { Admin, Producer } from "kafkajs";
import type { Db, MongoClient } from "mongodb";
import type { Configuration } from "../../schemas/configuration/configuration";
import { createTopics } from "../../services/kafka/create-topics";
import { type ConfigurationChanges, testConfiguration } from "./configuration";
import {
  adminClient,
  groupState,
  IDEMPOTENT,
  kafkaClient,
  type PartitionState,
  produce,
  type RawMessage,
} from "./kafka";
import { mongoClient } from "./mongo";
import { removeFromKafka, removeFromMongo } from "./removal";
import { uniqueName } from "./run";

/**
 * One spec's own corner of the real servers: a database and a prefix for topics and groups.
 *
 *     let space: Space;
 *     before(async () => { space = await createSpace(); });
 *     after(() => space.close());
 */
export interface Space {
  name: string;
  /** Settings for a gateway in this space. */
  configuration: Configuration;
  /** The space's database, on a connection of the spec's own. */
  db: Db;
  mongo: MongoClient;
  admin: Admin;
  /** The full name of the topic of an event type. */
  topic(eventType: string): string;
  /** The full name of a plugin's consumer group. */
  group(group: string): string;
  /** Creates topics by event type, and waits until they can be written to. */
  createTopics(eventTypes: string[], partitions?: number): Promise<void>;
  /** Sends raw messages to the topic of an event type, in order. */
  produce(eventType: string, messages: RawMessage[]): Promise<void>;
  /** Where a plugin's group stands on the topics of the event types. */
  groupState(group: string, eventTypes: string[]): Promise<PartitionState[]>;
  /** A configuration that differs from the space's own, but shares its names. */
  configurationWith(changes: ConfigurationChanges): Configuration;
  /** Deletes the topics, groups and the database. A group that still has members after 15 s is an error. */
  close(): Promise<void>;
}

export async function createSpace(changes: ConfigurationChanges = {}): Promise<Space> {
  const name = uniqueName("s");
  const configuration = testConfiguration(name, changes);
  const { prefix } = configuration.topics;
  const mongo = await mongoClient(configuration.mongo.url);
  const admin = await adminClient(configuration.kafka.brokers);
  let producer: Producer | undefined;

  const topic = (eventType: string) => `${prefix}${eventType}`;
  const group = (of: string) => `${configuration.groupPrefix}${of}`;

  return {
    name,
    configuration,
    db: mongo.db(configuration.mongo.database),
    mongo,
    admin,
    topic,
    group,
    createTopics: async (eventTypes, partitions = configuration.topics.partitions) => {
      const wanted = eventTypes.map((type) => ({
        topic: topic(type),
        numPartitions: partitions,
        replicationFactor: 1,
      }));
      await createTopics(admin, wanted);
    },
    produce: async (eventType, messages) => {
      if (!producer) {
        producer = kafkaClient(configuration.kafka.brokers).producer(IDEMPOTENT);
        await producer.connect();
      }
      await produce(topic(eventType), messages, producer);
    },
    groupState: (of, eventTypes) => groupState(admin, group(of), eventTypes.map(topic)),
    configurationWith: (more) => testConfiguration(name, { ...changes, ...more }),
    close: async () => {
      try {
        await producer?.disconnect();
        await removeFromKafka(admin, name);
        await removeFromMongo(mongo, name);
      } finally {
        await admin.disconnect();
        await mongo.close();
      }
    },
  };
}
