export interface SinkTarget {
  topic: string;
  mongoUrl: string;
  database: string;
  partitions: number;
}

/** `inserting` may store doubles, `idempotent` finds each event by its id. */
export type SinkMode = "inserting" | "idempotent";

/** worker.properties: a standalone worker on loopback that reads JSON without a schema. */
export function workerSettings(brokers: readonly string[], port: number, offsetsFile: string): string {
  const settings = {
    "bootstrap.servers": brokers.join(","),
    listeners: `http://127.0.0.1:${port}`,
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": false,
    "offset.storage.file.filename": offsetsFile,
    // The default of a minute would leave the offsets far behind what is stored, and they are what the end is told by.
    "offset.flush.interval.ms": 100,
    "consumer.auto.offset.reset": "earliest",
    // As much at once as the others write.
    "consumer.max.poll.records": 1_000,
    "consumer.max.partition.fetch.bytes": 1_048_576,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** The connector's own configuration, as its REST interface takes it. */
export function sinkSettings(
  { topic, mongoUrl, database, partitions }: SinkTarget,
  mode: SinkMode,
): Record<string, string> {
  const strategies = "com.mongodb.kafka.connect.sink";
  const byEventId = {
    "document.id.strategy": `${strategies}.processor.id.strategy.PartialValueStrategy`,
    "document.id.strategy.partial.value.projection.type": "AllowList",
    "document.id.strategy.partial.value.projection.list": "event_id",
    "writemodel.strategy": `${strategies}.writemodel.strategy.ReplaceOneBusinessKeyStrategy`,
  };
  const inserting = {
    "writemodel.strategy": `${strategies}.writemodel.strategy.InsertOneDefaultStrategy`,
  };
  return {
    "connector.class": "com.mongodb.kafka.connect.MongoSinkConnector",
    // As many as the others work on side by side.
    "tasks.max": String(Math.min(partitions, 4)),
    topics: topic,
    "connection.uri": mongoUrl,
    database,
    collection: "events",
    "bulk.write.ordered": "false",
    ...(mode === "idempotent" ? byEventId : inserting),
  };
}
