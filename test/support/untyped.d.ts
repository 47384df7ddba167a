declare module "kafkajs/src/broker" {
  interface ProduceRequest {
    topicData: { topic: string; partitions: { partition: number; firstSequence: number }[] }[];
  }
  class Broker {
    allowAutoTopicCreation: boolean;
    metadata(topics?: string[]): Promise<unknown>;
    produce(request: ProduceRequest): Promise<unknown>;
  }
  export default Broker;
}

declare module "kafkajs/src/retry/defaults" {
  const defaults: object;
  export default defaults;
}

declare module "kafkajs/src/retry/defaults.test" {
  const defaults: object;
  export default defaults;
}
