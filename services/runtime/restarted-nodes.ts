import type { Middleware, ServiceBroker } from "moleculer";

interface NodeSeen {
  id: string;
  /** Another one for every start of the node. */
  instanceID: string;
}

/**
 * Ends the calls to a node that died and was back under the same id before anybody missed it. Moleculer takes the second one for the
 * first, and would wait for the dead one's answers until the calls' time is up.
 */
export function restartedNodes(): Middleware {
  const instances = new Map<string, string>();
  let broker: ServiceBroker;
  return {
    name: "RestartedNodes",
    created(created: ServiceBroker) {
      broker = created;
    },
    broadcastLocal(next: (...args: unknown[]) => Promise<void>) {
      return (event: string, payload?: { node?: NodeSeen }, options?: object) => {
        if (payload?.node && (event === "$node.connected" || event === "$node.updated")) {
          const { id, instanceID } = payload.node;
          const known = instances.get(id);
          instances.set(id, instanceID);
          if (known !== undefined && known !== instanceID) endCallsTo(broker, id);
        }
        return next(event, payload, options);
      };
    },
    // Moleculer's types leave out that the hook returns the wrapped function.
  } as unknown as Middleware;
}

function endCallsTo(broker: ServiceBroker, nodeID: string): void {
  broker.logger.warn(
    `Node ${nodeID} was started anew: the calls that its predecessor had in hand are ended.`,
  );
  const { transit } = broker as unknown as {
    transit: { removePendingRequestByNodeID(nodeID: string): void };
  };
  transit.removePendingRequestByNodeID(nodeID);
}
