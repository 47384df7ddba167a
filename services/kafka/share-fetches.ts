import Broker from "kafkajs/src/broker/index";
import { SharedFetches } from "./shared-fetches";

const OWN_FETCH = Symbol.for("weir.kafkajsFetch");

/**
 * Lets the consumers of this process share what they fetch. Each consumer of kafkajs 2.2.4 has connections of its own, and fetches
 * over them by the one method that is replaced here.
 */
export function shareFetches(): void {
  const shared = new SharedFetches();
  // Another copy of this module, as after a hot reload, takes the place of the one before.
  const holder = Broker.prototype as unknown as Record<symbol, typeof Broker.prototype.fetch | undefined>;
  const fetch = holder[OWN_FETCH] ?? Broker.prototype.fetch;
  holder[OWN_FETCH] = fetch;
  Broker.prototype.fetch = function sharedFetch(request) {
    return shared.fetch(this, this.brokerAddress, request, (asked) => fetch.call(this, asked));
  };
}
