import type { GroupSeen, GroupStatus, PartitionSeen, PartitionState } from "./status";

/** A partition of this gateway that has messages to read and commits nothing, without a reason that is known already. */
export interface Stuck {
  group: string;
  topic: string;
  partition: number;
  committed: string;
  /** Since when nothing was committed, RFC 3339. */
  since: string;
  lag: number;
  /** By how much the lag has grown since then. */
  grown_by: number;
  /** Since when a chunk is in hand, RFC 3339; null: none is, so that Kafka's client itself does not get on. */
  in_flight_since: string | null;
}

export interface WatchdogPorts {
  stuckAfterMs: number;
  groups(): Promise<GroupSeen[]>;
  /** Told once when a partition is found stuck, and once when it gets on. */
  tell(change: "stuck" | "moving", stuck: Stuck): void;
  /** A new consumer takes the place of one that fetches nothing. */
  rebuild(group: string, cause: Error): void;
  now(): number;
}

interface Stand {
  committed: string;
  lag: number;
  since: number;
  stuck: Stuck | null;
  /** When the group's consumer is replaced, should nothing be in hand and nothing have moved by then. */
  rebuildAt: number;
}

const CHECKS_WITHIN_LIMIT = 4;
const LONGEST_PAUSE_MS = 15_000;

/** Tells a partition that does not get on from one that has nothing to do, or that waits for a known reason. */
export class Watchdog {
  private readonly stands = new Map<string, Stand>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly ports: WatchdogPorts) {}

  start(): void {
    const everyMs = Math.min(this.ports.stuckAfterMs / CHECKS_WITHIN_LIMIT, LONGEST_PAUSE_MS);
    // What Kafka does not tell now it tells the next time: its being away is told elsewhere.
    this.timer ??= setInterval(() => void this.look().catch(() => undefined), everyMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  /** One reason for each partition that is stuck. */
  get troubles(): string[] {
    return [...this.stands.values()].flatMap(({ stuck }) => (stuck ? [describe(stuck)] : []));
  }

  /** Looks at every group now → what they are at, each partition with its state. */
  async look(): Promise<GroupStatus[]> {
    const groups = await this.ports.groups();
    const seen = new Set<string>();
    const statuses = groups.map((group) => ({
      ...group,
      partitions: group.partitions.map((partition) => {
        const key = `${group.group}/${partition.topic}/${partition.partition}`;
        seen.add(key);
        return { ...partition, state: this.judge(key, group, partition) };
      }),
    }));
    // A group that is gone, or a topic: nobody waits for it any more.
    for (const key of this.stands.keys()) if (!seen.has(key)) this.stands.delete(key);
    return statuses;
  }

  private judge(key: string, group: GroupSeen, partition: PartitionSeen): PartitionState {
    const state = withoutTime(group, partition);
    const known = this.stands.get(key);
    if (state !== "working" || known?.committed !== partition.committed) {
      if (known?.stuck) this.ports.tell("moving", known.stuck);
      this.stands.delete(key);
    }
    return state === "working" ? this.stand(key, group, partition) : state;
  }

  private stand(key: string, { group, in_flight }: GroupSeen, partition: PartitionSeen): "working" | "stuck" {
    const { topic, partition: number, committed, lag, in_flight_since } = partition;
    const { stuckAfterMs, now } = this.ports;
    const known = this.stands.get(key);
    if (!known) {
      const rebuildAt = now() + stuckAfterMs;
      this.stands.set(key, { committed, lag, since: now(), stuck: null, rebuildAt });
      return "working";
    }
    if (now() - known.since < stuckAfterMs) return "working";
    const first = known.stuck === null;
    const stuck: Stuck = {
      group,
      topic,
      partition: number,
      committed,
      since: new Date(known.since).toISOString(),
      lag,
      grown_by: lag - known.lag,
      in_flight_since,
    };
    known.stuck = stuck;
    if (first) this.ports.tell("stuck", stuck);
    // A chunk in hand anywhere in the group would be handed out twice.
    if (in_flight === 0 && now() >= known.rebuildAt) {
      known.rebuildAt = now() + stuckAfterMs;
      this.ports.rebuild(group, new Error(describe(stuck)));
    }
    return "stuck";
  }
}

/** What a partition is at, as far as one look can tell: one that works may be stuck all the same. */
function withoutTime(group: GroupSeen, partition: PartitionSeen): Exclude<PartitionState, "stuck"> {
  const { lag, in_flight_since, mine, trouble } = partition;
  if (lag === 0 && in_flight_since === null) return "idle";
  if (!mine) return "elsewhere";
  const waits = group.state !== "running" || group.breaker.state !== "closed" || trouble !== null;
  return waits ? "waiting" : "working";
}

export function describe({ group, topic, partition, committed, since, lag, in_flight_since }: Stuck): string {
  const hand =
    in_flight_since === null ? "nothing is in hand" : `a chunk is in hand since ${in_flight_since}`;
  return `group ${group}: ${topic}[${partition}] is stuck at offset ${committed} since ${since}, ${lag} messages wait, ${hand}`;
}
