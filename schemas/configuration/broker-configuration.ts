import type { ServiceBroker } from "moleculer";
import type { Configuration } from "./configuration";

// A registered symbol: a plugin from an npm package may bring its own copy of this module.
const KEY = Symbol.for("weir.configuration");

/** Gives a broker its settings. They are kept off `broker.options`, which `$node.options` shows to every node. */
export function provideConfiguration(broker: ServiceBroker, configuration: Configuration): void {
  Object.defineProperty(broker, KEY, { value: configuration, enumerable: false, configurable: true });
}

/** The settings of this broker; throws when nobody provided any. */
export function configurationOf(broker: ServiceBroker): Configuration {
  const found = (broker as unknown as Record<symbol, Configuration | undefined>)[KEY];
  if (!found)
    throw new Error(
      "This broker has no gateway configuration: call provideConfiguration(broker, …) in `created`.",
    );
  return found;
}
