import type { ServiceBroker } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { IndexPolicy } from "./declaration";

export interface MongoSettings {
  url: string;
  database: string;
  indexPolicy: IndexPolicy;
}

interface Settings {
  $secureSettings?: { mongo?: Partial<MongoSettings> };
}

/** Where a service's collections are: `settings.$secureSettings.mongo`, for use outside a gateway, or the gateway's own. */
export function mongoSettings(broker: ServiceBroker, settings: object | undefined): MongoSettings {
  const own = (settings as Settings | undefined)?.$secureSettings?.mongo;
  if (own?.url && own.database) return { indexPolicy: "warn", ...own } as MongoSettings;
  return { ...configurationOf(broker).mongo, ...own };
}
