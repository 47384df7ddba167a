import type { TopicAdmin } from "../kafka/topic-admin";
import type { BreakerStatus } from "./breaker";
import type { GroupCounts } from "./group-counts";
import type { GroupSupervisor } from "./group-supervisor";

export type BridgeState = "starting" | "ready" | "degraded" | "draining" | "stopped";

/**
 * `idle`: nothing to read; `working`: messages are being read; `waiting`: for a reason that is told (`trouble`, the breaker, a
 * pause, the plugin, Kafka); `stuck`: nothing was committed for WEIR_STUCK_AFTER_MS and nobody knows why; `elsewhere`: another member has it.
 */
export type PartitionState = "idle" | "working" | "waiting" | "stuck" | "elsewhere";

/** What one look tells of a partition. */
export interface PartitionSeen {
  topic: string;
  partition: number;
  /** Next offset to read; "-1" where nothing was committed. */
  committed: string;
  end: string;
  lag: number;
  /** True where this node is assigned the partition. */
  mine: boolean;
  /** Since when a chunk is in hand on this node, RFC 3339; null while none is. */
  in_flight_since: string | null;
  trouble: string | null;
}

export interface PartitionStatus extends PartitionSeen {
  state: PartitionState;
}

export interface GroupSeen {
  group: string;
  service: string;
  nodes: string[];
  /** `away`: no node hosts the plugin; `paused`: by `bridge.pause`. */
  state: "connecting" | "joining" | "running" | "rebuilding" | "stopped" | "away" | "paused";
  lag: number;
  in_flight: number;
  counts: GroupCounts;
  breaker: BreakerStatus;
  partitions: PartitionSeen[];
}

export interface GroupStatus extends GroupSeen {
  partitions: PartitionStatus[];
}

export interface BridgeStatus {
  state: BridgeState;
  /** Why the state is not `ready`; empty where it is. */
  reasons: string[];
  nodeID: string;
  brokers: string[];
  published: number;
  groups: GroupStatus[];
}

/** What every group of this gateway is at; lags are asked of Kafka now. */
export async function lookAtGroups(supervisor: GroupSupervisor, admin: TopicAdmin): Promise<GroupSeen[]> {
  const names = [...supervisor.groups.keys()].sort();
  const ends = admin.endsOnce();
  return Promise.all(names.map((name) => lookAtGroup(supervisor, admin, ends, name)));
}

async function lookAtGroup(
  supervisor: GroupSupervisor,
  admin: TopicAdmin,
  ends: ReturnType<TopicAdmin["endsOnce"]>,
  name: string,
): Promise<GroupSeen> {
  const supervised = supervisor.groups.get(name);
  if (!supervised) throw new Error(`group ${name} is gone`);
  const { plugin, runner, grace, pausedByHand } = supervised;
  const { groupId, topics, consumer, lanes } = runner;
  const lags = await admin.lag(groupId, topics, ends);
  const partitions = lags.map((lag): PartitionSeen => {
    const lane = lanes.get(`${lag.topic}/${lag.partition}`);
    const since = lane?.inFlightSince ?? null;
    return {
      ...lag,
      mine: consumer.assignment[lag.topic]?.includes(lag.partition) ?? false,
      in_flight_since: since === null ? null : new Date(since).toISOString(),
      trouble: lane?.trouble ?? null,
    };
  });
  const away = grace !== null || consumer.state === "stopped";
  return {
    group: name,
    service: plugin.service,
    nodes: plugin.nodes,
    state: away ? "away" : pausedByHand ? "paused" : consumer.state,
    lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
    in_flight: partitions.filter(({ in_flight_since }) => in_flight_since !== null).length,
    counts: { ...runner.counts },
    breaker: runner.breaker.status,
    partitions,
  };
}
