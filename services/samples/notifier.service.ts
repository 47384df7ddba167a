import { eventHandler } from "../../mixins/event-handler.mixin";
import {
  type MongoSchemaService,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { type Mail, refusalOf } from "./notifier/mail";

type Notifier = MongoSchemaService<Mail> & { send(mail: Mail, retriedByHand: boolean): Promise<void> };

/**
 * "Sends" a mail for some events. Some mail servers refuse: what a handler throws is tried again a few times, then the
 * event waits in the dead letter queue, where `dlq` shows it and `dlq retry` hands it over again.
 */
const notifier: MongoServiceSchema<Mail> = {
  name: "notifier",
  mixins: [
    mongoSchema({
      collection: "sample_mails",
      description: "Sample: the mails that were sent.",
      indexes: [{ key: { event_id: 1 }, unique: true, description: "an event is one mail" }],
    }),
    eventHandler({
      handlers: {
        "user.registered": {
          // How many mails are under way at once, how long one may take, and how often it is tried. Times are in ms.
          concurrency: 20,
          timeout: 5_000,
          retry: { attempts: 2, base: 50 },
          handler(this: Notifier, { event_id, payload }, { replay }) {
            const mail = { event_id, to: payload.email, subject: `Welcome, ${payload.name}!` };
            return this.send(mail, replay !== undefined);
          },
        },
        // Without options a handler is the function alone.
        "order.shipped"(this: Notifier, { event_id, payload }, { replay }) {
          const { order_id, carrier } = payload;
          const mail = {
            event_id,
            to: `${order_id}@customers.example`,
            subject: `On its way with ${carrier}`,
          };
          return this.send(mail, replay !== undefined);
        },
        "payment.failed"(this: Notifier, { event_id, payload }, { replay }) {
          const { order_id, failure_code } = payload;
          const mail = {
            event_id,
            to: `${order_id}@customers.example`,
            subject: `Not paid: ${failure_code}`,
          };
          return this.send(mail, replay !== undefined);
        },
      },
    }),
  ],

  methods: {
    async send(this: Notifier, mail: Mail, retriedByHand: boolean): Promise<void> {
      const refusal = refusalOf(mail.to, retriedByHand);
      if (refusal) throw new Error(refusal);
      this.logger.debug(`Mail to ${mail.to}: ${mail.subject}`);
      // Written once, also when the event is delivered again because its first delivery was cut off.
      await this.collection.updateOne({ event_id: mail.event_id }, { $set: mail }, { upsert: true });
    },
  },
};

export default notifier;
