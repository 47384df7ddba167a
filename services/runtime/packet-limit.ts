import type { Middleware, ServiceBroker } from "moleculer";
import { WeirError } from "../../schemas/errors";

interface Packet {
  type: string;
  /** The node that it goes to. */
  target: string | null;
  payload: { id: string; action?: string; success?: boolean; meta?: object };
}

type Send = (topic: string, data: Buffer, meta: { packet?: Packet }) => Promise<void>;

/** Moleculer's names of the packets that carry a call and its answer. */
const REQUEST = "REQ";
const RESPONSE = "RES";
/** What the NATS client throws where the server's own limit is the lower one. */
const REFUSED_BY_NATS = "MAX_PAYLOAD_EXCEEDED";

/**
 * Tells whoever called when a call or its answer is larger than the transporter takes, by WEIR_TOO_LARGE_FOR_TRANSPORTER. Else the
 * packet vanishes, for TCP with everything that is on its way behind it, and the caller waits until its time is up.
 */
export function packetLimit(maxBytes: number): Middleware {
  let broker: ServiceBroker;
  return {
    name: "PacketLimit",
    created(created: ServiceBroker) {
      broker = created;
    },
    transporterSend(next: Send): Send {
      return async (topic, data, meta) => {
        const { packet } = meta;
        const calls = packet?.type === REQUEST || packet?.type === RESPONSE;
        if (!calls || data.length <= maxBytes) {
          try {
            return await next(topic, data, meta);
          } catch (error) {
            if (!calls || (error as { code?: string }).code !== REFUSED_BY_NATS) throw error;
          }
        }
        return tell(broker, packet, data.length, maxBytes);
      };
    },
    // Moleculer's types leave out what the hook is given.
  } as unknown as Middleware;
}

async function tell(
  broker: ServiceBroker,
  { type, target, payload }: Packet,
  bytes: number,
  limit: number,
): Promise<void> {
  const what = type === REQUEST ? `The call of ${payload.action}` : "The answer";
  const error = new WeirError(
    "WEIR_TOO_LARGE_FOR_TRANSPORTER",
    `${what} takes ${bytes} bytes on its way from node ${broker.nodeID} to ${target}; the transporter takes ${limit}, or less where its server says so. Ask for less at once, or raise the transporter's limit and WEIR_TRANSPORTER_MAX_BYTES on every node.`,
    { bytes, limit },
  );
  if (type === REQUEST) throw error;
  const { transit } = broker as unknown as { transit: Transit };
  await transit.sendResponse(target, payload.id, {}, {}, null, error);
}

interface Transit {
  sendResponse(
    nodeID: string | null,
    id: string,
    meta: object,
    headers: object,
    data: unknown,
    error: Error,
  ): Promise<void>;
}
