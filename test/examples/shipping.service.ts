import { eventHandler } from "../../mixins/event-handler.mixin";

/** Stands for something that is down for a while. */
export const carrier = { up: true };

export default {
  name: "shipping",
  mixins: [
    eventHandler({
      handlers: {
        "order.shipped": {
          retry: false,
          handler(event) {
            if (!carrier.up) throw new Error("the carrier does not answer");
            this.logger.info(`Parcel of ${event.payload.order_id} announced`);
          },
        },
      },
    }),
  ],
};
