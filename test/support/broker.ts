import { type BrokerOptions, type Middleware, ServiceBroker, type ServiceSchema } from "moleculer";
import { provideConfiguration } from "../../schemas/configuration/broker-configuration";
import type { Configuration } from "../../schemas/configuration/configuration";
import { ParameterValidator } from "../../services/runtime/parameter-validator";
import { uniqueName } from "./run";

/** A broker with quiet logs whose lines can be looked at; its services are created, not yet started. */
export function createBroker(
  configuration: Configuration,
  services: object[],
  options: BrokerOptions = {},
): { broker: ServiceBroker; log: string[] } {
  const log: string[] = [];
  const remember: Middleware = {
    newLogEntry: (level: string, args: unknown[]) => void log.push(`${level}: ${args.join(" ")}`),
  };
  const broker = new ServiceBroker({
    ...options,
    logger: { type: "Console", options: { level: "fatal" } },
    nodeID: uniqueName("node"),
    validator: new ParameterValidator(),
    middlewares: [remember],
    created: (created) => provideConfiguration(created, configuration),
  });
  for (const service of services) broker.createService(service as ServiceSchema);
  return { broker, log };
}
