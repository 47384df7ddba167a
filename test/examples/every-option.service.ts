import { eventHandler } from "../../mixins/event-handler.mixin";

export default {
  name: "every-option",
  mixins: [
    eventHandler({
      group: "every-option", // the consumer group; the service's name if left out
      startFrom: "beginning", // or "now": where a group begins that has never committed
      budget: 25_000, // ms that one chunk may take; the rest of it is handed over again
      transaction: false, // true: effects in MongoDB exactly once, see below
      order: "loose", // "strict": later events of a failed one's Kafka key wait behind it, see below
      handlers: {
        // A type, or a pattern: `order.*` is one level, `**` any depth. The most specific one is called.
        "order.*": {
          concurrency: 8, // events of different Kafka keys at once
          timeout: 10_000, // ms per event; then it is a dead letter with the reason `timeout`
          retry: { attempts: 3, base: 100, factor: 2, max: 2_000 }, // waits about 100, then 200 ms; `false`: no retry
          idempotency: "event", // what is a duplicate: see below
          ttl: 3_600_000, // ms that a handled event absorbs its duplicates
          handler(event, delivery) {
            this.logger.info(`${event.event_type} ${event.event_id}, run ${delivery.attempt}`);
          },
        },
      },
    }),
  ],
};
