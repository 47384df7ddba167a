import type { Configuration } from "../../schemas/configuration/configuration";

/** The environment that gives a gateway process the names of a space. */
export function daemonEnvironment(configuration: Configuration): NodeJS.ProcessEnv {
  const { mongo, kafka, topics, groupPrefix, namespace } = configuration;
  return {
    KAFKA_BROKERS: kafka.brokers.join(","),
    MONGO_URL: mongo.url,
    WEIR_DATABASE: mongo.database,
    WEIR_TOPIC_PREFIX: topics.prefix,
    WEIR_GROUP_PREFIX: groupPrefix,
    WEIR_NAMESPACE: namespace,
    WEIR_LOG_FORMAT: "json",
    WEIR_HTTP_PORT: "off",
  };
}
