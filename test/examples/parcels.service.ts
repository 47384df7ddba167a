import { eventHandler } from "../../mixins/event-handler.mixin";

export default {
  name: "parcels",
  mixins: [
    eventHandler({
      handlers: {
        "parcel.weighed"({ event_version, payload }) {
          this.logger.info(`parcel.weighed ${event_version}: ${JSON.stringify(payload)}`);
        },
      },
    }),
  ],
};
