import { ServiceBroker, type ServiceSchema } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import { type BrokerOptionChanges, brokerOptions } from "./broker-options";
import { productServices } from "./product-services";

export interface GatewayOptions {
  /** Files or schemas instead of the product's own services. */
  services?: readonly (string | ServiceSchema)[];
  /** Files or schemas beside them. */
  plugins?: readonly (string | ServiceSchema)[];
  /** Loads the sample plugins too. */
  samples?: boolean;
  /** Moleculer options that replace the gateway's own, such as `logger: false`. */
  broker?: BrokerOptionChanges;
}

/** A gateway inside this process, not yet started. It leaves the process's signals and exit alone. */
export function createGateway(configuration: Configuration, options: GatewayOptions = {}): ServiceBroker {
  const broker = new ServiceBroker(brokerOptions(configuration, options.broker));
  const services = options.services ?? productServices({ samples: options.samples });
  for (const service of [...services, ...(options.plugins ?? [])]) {
    if (typeof service === "string") broker.loadService(service);
    else broker.createService(service);
  }
  return broker;
}
