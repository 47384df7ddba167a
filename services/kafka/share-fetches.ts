import Broker from "kafkajs/src/broker/index";
import { SharedFetches } from "./shared-fetches";

/**
 * Lets the consumers of this process share what they fetch. Each consumer of kafkajs 2.2.4 has connections of its own, and fetches
 * over them by the one method that is replaced here.
 */
export function shareFetches(): void {
  const shared = new SharedFetches();
  const { fetch } = Broker.prototype;
  Broker.prototype.fetch = function sharedFetch(request) {
    return shared.fetch(this, this.brokerAddress, request, (asked) => fetch.call(this, asked));
  };
}
