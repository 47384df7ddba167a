import { HOST, type Ports } from "./ports";

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 16 * MIB;

export type KafkaSettings = Record<string, string | number | boolean>;

/** server.properties for a single node; what is not named is as Kafka ships it. `change` has the last word. */
export function kafkaSettings(
  dataDir: string,
  ports: Ports,
  change: (settings: KafkaSettings) => KafkaSettings = (settings) => settings,
): string {
  const settings: KafkaSettings = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${HOST}:${ports.controller}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://${HOST}:${ports.kafka},CONTROLLER://${HOST}:${ports.controller}`,
    "advertised.listeners": `PLAINTEXT://${HOST}:${ports.kafka}`,
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    // A backslash begins an escape in a properties file.
    "log.dirs": dataDir.replaceAll("\\", "\\\\"),
    "auto.create.topics.enable": false,
    "message.max.bytes": MESSAGE_BYTES,
    "replica.fetch.max.bytes": MESSAGE_BYTES,
    "socket.request.max.bytes": 100 * MIB,
    // There is one broker: nothing can have a second copy.
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // Nobody else is about to join: the first member need not wait for the others.
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 8 * MIB,
  };
  return Object.entries(change(settings))
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Everything goes to the standard output, which is the log file. */
export const LOG4J_SETTINGS = `appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %-5p %m (%c)%n
rootLogger.level=INFO
rootLogger.appenderRef.console.ref=console
`;
