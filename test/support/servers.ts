/** Addresses of the real servers of this run; the root hooks have put them into the environment. */
export function testServers(): { brokers: string[]; mongoUrl: string } {
  const { KAFKA_BROKERS, MONGO_URL } = process.env;
  if (!KAFKA_BROKERS || !MONGO_URL) {
    throw new Error(
      "No servers for this spec: specs that need Kafka and MongoDB belong under test/integration, " +
        "for which the root hooks start them.",
    );
  }
  return { brokers: KAFKA_BROKERS.split(",").map((broker) => broker.trim()), mongoUrl: MONGO_URL };
}
