import type { ServiceBroker } from "moleculer";
import { oldestOf } from "../stats";
import type { LetterCount } from "./counts";

const OPEN = "weir.dlq.letters.open";
const OLDEST = "weir.dlq.letters.oldest.seconds";
const LABELS = ["topic", "event_type", "group", "reason", "age"] as const;

type Labels = Record<(typeof LABELS)[number], string>;

/** Gauges of Moleculer's: open letters by topic, event type, group, reason and age; and how old the oldest is. */
export class SizeMetrics {
  #told = new Map<string, Labels>();

  constructor(private readonly broker: ServiceBroker) {
    broker.metrics.register({
      name: OPEN,
      type: "gauge",
      labelNames: [...LABELS],
      description: "Dead letters that wait",
    });
    broker.metrics.register({
      name: OLDEST,
      type: "gauge",
      unit: "second",
      description: "Time since the oldest dead letter that waits failed first; 0 where none waits",
    });
  }

  tell(counts: readonly LetterCount[], now: Date): void {
    const sums = new Map<string, { labels: Labels; count: number }>();
    const open = counts.filter((count) => count.open);
    for (const { topic, event_type, group, reason, age, count } of open) {
      const labels = { topic, event_type, group, reason, age };
      const name = JSON.stringify(labels);
      sums.set(name, { labels, count: (sums.get(name)?.count ?? 0) + count });
    }
    // What is no more would otherwise stay at its last value.
    for (const [name, labels] of this.#told) if (!sums.has(name)) this.broker.metrics.set(OPEN, 0, labels);
    for (const { labels, count } of sums.values()) this.broker.metrics.set(OPEN, count, labels);
    this.#told = new Map([...sums].map(([name, { labels }]) => [name, labels]));
    const oldest = oldestOf(open);
    this.broker.metrics.set(OLDEST, oldest ? Math.round((now.getTime() - oldest.getTime()) / 1_000) : 0);
  }
}
