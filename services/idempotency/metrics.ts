import type { ServiceBroker } from "moleculer";
import type { IdempotencyStats } from "./inspect";

/** Moleculer's own default. */
const COLLECT_S = 5;

interface Metric {
  name: string;
  type: "counter" | "gauge";
  description: string;
  /** By `kind`: `event` for the chunks' keys, `call` for single calls; or one value. */
  values(stats: IdempotencyStats): { event: number; call: number } | number;
}

export const METRICS: Metric[] = [
  {
    name: "weir.idempotency.claimed.total",
    type: "counter",
    description: "Keys claimed on this node",
    values: ({ node, calls }) => ({ event: node.claimed, call: calls.claimed }),
  },
  {
    name: "weir.idempotency.duplicates.total",
    type: "counter",
    description: "Duplicates that this node kept from being handled or executed again",
    values: ({ node, calls }) => ({ event: node.duplicates, call: calls.answered }),
  },
  {
    name: "weir.idempotency.busy.total",
    type: "counter",
    description: "Keys that this node found in somebody else's hands",
    values: ({ node, calls }) => ({ event: node.busy, call: calls.in_flight }),
  },
  {
    name: "weir.idempotency.takeovers.total",
    type: "counter",
    description: "Claims that this node took over from somebody who was gone",
    values: ({ node, calls }) => ({ event: node.takeovers, call: calls.takeovers }),
  },
  {
    name: "weir.idempotency.fenced.total",
    type: "counter",
    description: "Claims that could not be ended on this node, because they had been taken over",
    values: ({ node, calls }) => ({ event: node.fenced, call: calls.fenced }),
  },
  {
    name: "weir.idempotency.conflicts.total",
    type: "counter",
    description: "Calls whose key was used for something else",
    values: ({ calls }) => calls.conflicts,
  },
  {
    name: "weir.idempotency.front.hits.total",
    type: "counter",
    description: "Calls answered from this node's memory",
    values: ({ front }) => front.hits,
  },
  {
    name: "weir.idempotency.front.misses.total",
    type: "counter",
    description: "Calls that this node's memory did not know",
    values: ({ front }) => front.misses,
  },
  {
    name: "weir.idempotency.active",
    type: "gauge",
    description: "Chunks and calls in hand, of all nodes",
    values: ({ processing }) => processing,
  },
  {
    name: "weir.idempotency.documents",
    type: "gauge",
    description: "Claim documents, of all nodes",
    values: ({ documents }) => documents,
  },
];

/**
 * Tells Moleculer's metrics, where they are enabled, as often as it collects its own (`metrics.collectInterval`, 5 s by default).
 * Returns what ends it.
 */
export function publishMetrics(broker: ServiceBroker, look: () => Promise<IdempotencyStats>): () => void {
  if (!broker.isMetricsEnabled()) return () => undefined;
  for (const { name, type, description } of METRICS)
    broker.metrics.register({ name, type, description, labelNames: ["kind"] } as never);
  const timer = setInterval(
    async () => {
      // What MongoDB does not answer now, it answers the next time.
      const stats = await look().catch(() => null);
      if (stats) setMetrics(broker, stats);
    },
    (broker.metrics.opts.collectInterval ?? COLLECT_S) * 1_000,
  );
  timer.unref();
  return () => clearInterval(timer);
}

function setMetrics({ metrics }: ServiceBroker, stats: IdempotencyStats): void {
  for (const { name, values } of METRICS) {
    const value = values(stats);
    if (typeof value === "number") metrics.set(name, value);
    else for (const [kind, count] of Object.entries(value)) metrics.set(name, count, { kind });
  }
}
