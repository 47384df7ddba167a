import type { ServiceBroker } from "moleculer";
import type { Configuration } from "./configuration";

// A registered symbol: a plugin from an npm package may bring its own copy of this module.
const KEY = Symbol.for("weir.configuration");

/** Gives a broker its settings. They are kept off `broker.options`, which `$node.options` shows to every node. */
export function provideConfiguration(broker: ServiceBroker, configuration: Configuration): void {
  Object.defineProperty(broker, KEY, { value: configuration, enumerable: false, configurable: true });
}

/** The settings of this broker; undefined on a node that is started without any. */
export function configurationIfAny(broker: ServiceBroker): Configuration | undefined {
  return (broker as unknown as Record<symbol, Configuration | undefined>)[KEY];
}

/** The settings of this broker; throws when nobody provided any. */
export function configurationOf(broker: ServiceBroker): Configuration {
  const found = configurationIfAny(broker);
  if (!found)
    throw new Error(
      "This broker has no gateway configuration: call provideConfiguration(broker, …) in `created`.",
    );
  return found;
}
