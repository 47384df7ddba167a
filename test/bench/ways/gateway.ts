import path from "node:path";
import type { ServiceSchema } from "moleculer";
import { eventHandler } from "../../../mixins/event-handler.mixin";
import type { Configuration } from "../../../schemas/configuration/configuration";
import { loadConfiguration } from "../../../schemas/configuration/load-configuration";
import type { EventEnvelope } from "../../../schemas/delivery";
import { createGateway } from "../../../services/runtime/gateway";
import { productServices } from "../../../services/runtime/product-services";
import type { Handled } from "../child/handled";
import type { Job } from "../child/job";
import { EVENT_TYPE } from "../session/events";
import { pluginNumbers, type Way } from "./way";

interface Variant {
  transaction?: boolean;
  /** Without the store, and with plugins that claim nothing. */
  dispatchOnly?: boolean;
}

/** The product as it is: the store, and plugins that do nothing, each a group of its own, with all guarantees. */
export const gateway: Way = gatewayWay({});
export const gatewayTx: Way = gatewayWay({ transaction: true });
export const dispatch: Way = gatewayWay({ dispatchOnly: true });

function gatewayWay(variant: Variant): Way {
  return {
    async work(job, handled, begin) {
      const plugins = pluginNumbers(job).map((number) => plugin(number, job, handled, variant));
      const services = productServices().filter(
        (file) => !variant.dispatchOnly || path.basename(file, path.extname(file)) !== "events.service",
      );
      const broker = createGateway(configurationOf(job), { services, plugins });
      // Emitted when every service has started, before any group connects.
      broker.localBus.once("$broker.started", begin);
      await broker.start();
      return () => broker.stop();
    },
  };
}

function plugin(
  number: number,
  { ttlMs }: Job,
  handled: Handled,
  { transaction = false, dispatchOnly }: Variant,
): ServiceSchema {
  const handlers = {
    [EVENT_TYPE]: {
      batch: true as const,
      ...(ttlMs !== undefined && { ttl: ttlMs }),
      ...(dispatchOnly && { idempotency: false as const }),
      handler: (events: EventEnvelope[]) => handled.note(events),
    },
  };
  return { name: `plugin-${number}`, mixins: [eventHandler({ transaction, handlers })] } as ServiceSchema;
}

/** The defaults, whatever this machine's environment says, with the job's names. */
export function configurationOf(job: Job): Configuration {
  const base = loadConfiguration({ WEIR_LOG_LEVEL: "error", WEIR_HTTP_PORT: "off" });
  return {
    ...base,
    namespace: job.database,
    mongo: { ...base.mongo, url: job.mongoUrl, database: job.database },
    kafka: { ...base.kafka, brokers: job.brokers },
    topics: { ...base.topics, prefix: job.topicPrefix, create: true },
    groupPrefix: job.groupPrefix,
  };
}
