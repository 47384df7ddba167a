import { Middleware } from "@moleculer/channels";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { handMadeCheck } from "./hand-made-check";
import { groupOf, pluginNumbers, type Way } from "./way";

// Its typings ask for every option of every adapter.
type Options = Parameters<typeof Middleware>[0];

/** @moleculer/channels with its Kafka adapter: a service per plugin, whose handler validates; nothing is stored or claimed. */
export const channels: Way = {
  async work(job, handled, begin) {
    const check = handMadeCheck();
    const middleware = Middleware({
      adapter: {
        type: "Kafka",
        // Without a prefix a channel's name is its topic.
        options: { prefix: "", kafka: { brokers: job.brokers } },
      },
    } as unknown as Options);
    const broker = new ServiceBroker({
      logger: false,
      namespace: job.database,
      middlewares: [middleware],
      skipProcessEventRegistration: true,
    });
    for (const plugin of pluginNumbers(job)) {
      const schema = {
        name: `plugin-${plugin}`,
        channels: {
          [job.topic]: {
            group: groupOf(job, plugin),
            kafka: { fromBeginning: true, partitionsConsumedConcurrently: 4, allowAutoTopicCreation: false },
            handler(parsed: unknown) {
              const event = check(parsed);
              if (event) handled.note([event]);
            },
          },
        },
      };
      broker.createService(schema as ServiceSchema);
    }
    begin();
    await broker.start();
    return () => broker.stop();
  },
};
