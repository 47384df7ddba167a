import type { ServiceBroker } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { IndexPolicy } from "./declaration";

export interface MongoSettings {
  url: string;
  database: string;
  indexPolicy: IndexPolicy;
}

/**
 * Where a service's collections are: `settings.mongo`, for use outside a gateway, or the gateway's own. The mixin hides
 * the former from other nodes.
 */
export function mongoSettings(broker: ServiceBroker, settings: object | undefined): MongoSettings {
  const own = (settings as { mongo?: Partial<MongoSettings> } | undefined)?.mongo;
  if (own?.url && own.database) return { indexPolicy: "warn", ...own } as MongoSettings;
  return { ...configurationOf(broker).mongo, ...own };
}
