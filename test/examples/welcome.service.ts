import { eventHandler } from "../../mixins/event-handler.mixin";

export default {
  name: "welcome",
  mixins: [
    eventHandler({
      handlers: {
        "user.registered"(event) {
          this.logger.info(`Welcome, ${event.payload.name}!`);
        },
      },
    }),
  ],
};
