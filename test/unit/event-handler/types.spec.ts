import { eventHandler } from "../../../mixins/event-handler.mixin";
import type { EventTransaction } from "../../../schemas/delivery";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_holds: Equal<A, B>) => undefined;

/** Checked by the compiler: what an author may rely on in an editor. */
describe("types of a plugin's declaration", () => {
  it("know a handler's event by its type or pattern, and the transaction where there is one", () => {
    eventHandler({
      handlers: {
        "order.placed"(event, delivery) {
          same<typeof event.event_type, "order.placed">(true);
          same<typeof event.payload.total_cents, number>(true);
          same<typeof delivery.tx, EventTransaction | undefined>(true);
          this.logger.info(event.payload.order_id);
        },
        "payment.*": {
          concurrency: 1,
          handler(event) {
            same<typeof event.event_type, "payment.captured" | "payment.failed">(true);
          },
        },
        "user.**": {
          batch: true,
          handler(events) {
            same<(typeof events)[number]["event_type"], "user.registered" | "user.email_changed">(true);
          },
        },
        "invoice.sent"(event) {
          same<typeof event.payload, object>(true);
        },
      },
    });
    eventHandler({
      transaction: true,
      handlers: {
        "order.placed"(_event, { tx }) {
          same<typeof tx, EventTransaction>(true);
        },
      },
    });
    eventHandler({
      handlers: {
        "order.placed": {
          // @ts-expect-error no such strategy
          idempotency: "never",
          handler() {},
        },
      },
    });
  });
});
