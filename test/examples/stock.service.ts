import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Delivery, EventEnvelope } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";

interface Reservation {
  sku: string;
  quantity: number;
}

export default {
  name: "stock",
  mixins: [
    eventHandler({
      handlers: {
        // A type of a schema of one's own: the generated types do not know it, so its payload's form is said here.
        "stock.reserved": {
          idempotency: { content: ["sku", "reservation"] },
          async handler(event: EventEnvelope<"stock.reserved">, { signal, redelivered }: Delivery) {
            const { sku, quantity } = event.payload as Reservation;
            const answer = await fetch(`${process.env.WAREHOUSE_URL}/reserve`, {
              method: "POST",
              body: JSON.stringify({ sku, quantity, id: event.event_id, again: redelivered }),
              // Aborted when the time is up: what has not ended by then must not go on.
              signal,
            }).catch((error: Error) => {
              // Nobody's fault but the warehouse's: the event waits in Kafka instead of becoming a dead letter.
              throw new WeirRetryableError("WEIR_UNAVAILABLE", `the warehouse is away: ${error.message}`);
            });
            if (!answer.ok) throw new Error(`The warehouse refused ${sku}: ${await answer.text()}`);
          },
        },
      },
    }),
  ],
};
