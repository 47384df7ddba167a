import type { BrokerOptions, Middleware, ServiceBroker } from "moleculer";
import { provideConfiguration } from "../../schemas/configuration/broker-configuration";
import type { Configuration } from "../../schemas/configuration/configuration";
import { drainBeforeStop } from "./drain";
import { hideSecrets } from "./hide-secrets";
import { hotReload } from "./hot-reload";
import { brokerLogger } from "./logger";
import { packetLimit } from "./packet-limit";
import { ParameterValidator } from "./parameter-validator";
import { readyLine } from "./ready-line";
import { restartedNodes } from "./restarted-nodes";
import { streamPartBytes, transporterFor } from "./transporter";

/** In ms; calls that need longer, such as a chunk's delivery, bring their own. */
const REQUEST_TIMEOUT_MS = 30_000;

export type BrokerOptionChanges = Omit<Partial<BrokerOptions>, "middlewares"> & {
  middlewares?: Middleware[];
};

/**
 * The Moleculer options of a gateway. They hold no secret but the transporter's address, which is hidden from
 * `$node.options`; everything else is provided to the services by `provideConfiguration`.
 */
export function brokerOptions(
  configuration: Configuration,
  changes: BrokerOptionChanges = {},
): BrokerOptions {
  const { nodeID, namespace, chunk } = configuration;
  return {
    nodeID: nodeID ?? null,
    namespace,
    transporter: transporterFor(configuration),
    transit: { maxChunkSize: streamPartBytes(chunk) },
    logger: brokerLogger(configuration),
    // In seconds: a node that died is noticed within six, not thirty.
    heartbeatInterval: 2,
    heartbeatTimeout: 6,
    requestTimeout: REQUEST_TIMEOUT_MS,
    validator: new ParameterValidator(),
    registry: { preferLocal: true },
    metrics: { enabled: false },
    tracing: { enabled: false },
    // The process's signals are handled by the gateway, in order and with a deadline.
    skipProcessEventRegistration: true,
    ...changes,
    middlewares: [
      drainBeforeStop(),
      hideSecrets(configuration),
      packetLimit(chunk.maxTransporterBytes),
      restartedNodes(),
      readyLine(),
      hotReload as unknown as Middleware,
      ...(changes.middlewares ?? []),
    ],
    created(broker: ServiceBroker) {
      provideConfiguration(broker, configuration);
      changes.created?.(broker);
    },
  };
}
