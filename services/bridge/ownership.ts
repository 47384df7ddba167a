import type { Acquired, AcquireRequest, BeginAnewRequest } from "../../schemas/progress";
import type { PartitionBatch } from "../kafka/partition-batch";
import type { CommittedOffset } from "../kafka/topic-admin";

/** The text committed beside every offset: it names the progress that the offset belongs to. */
const METADATA_PREFIX = "weir:";

/** What this gateway holds of one partition of one group while it is assigned to it. */
export interface Ownership {
  topic: string;
  partition: number;
  /** The join of the group that it was acquired under. */
  join: number;
  epoch: number;
  progressId: string;
  /** What every commit carries. */
  metadata: string;
  /** Offsets up to here may have been handled before; -1 for none. */
  redeliveredTo: number;
  /** Everything below has taken effect already (transactional groups; 0 for others). */
  next: number;
  /** The next offset to pass. */
  position: number;
  /** Raised for every delivery that was given up. */
  attempt: number;
}

export interface OwnershipSources {
  group: string;
  committed(topic: string): Promise<CommittedOffset[]>;
  acquire(request: AcquireRequest): Promise<Acquired>;
  beginAnew(request: BeginAnewRequest): Promise<void>;
  onBegan(began: Acquired["began"], batch: PartitionBatch): void;
}

/** Becomes the owner of the batch's partition, durably in MongoDB and in Kafka, before any of its messages is handled. */
export async function takeOwnership(sources: OwnershipSources, batch: PartitionBatch): Promise<Ownership> {
  const { topic, partition, join } = batch;
  const committed = await sources.committed(topic);
  const mine = committed.find((candidate) => candidate.topic === topic && candidate.partition === partition);
  const acquired = await sources.acquire({
    group: sources.group,
    topic,
    partition,
    committed_progress_id: progressIdIn(mine?.metadata ?? null),
  });
  const metadata = METADATA_PREFIX + acquired.progress_id;
  const position = Number(batch.messages[0]?.offset ?? 0);
  await batch.commitStart(metadata);
  // Only now is it certain that this gateway owns the partition: what it knew before may have been old.
  if (acquired.began === "anew") {
    const { epoch, progress_id } = acquired;
    await sources.beginAnew({ group: sources.group, topic, partition, epoch, progress_id, from: position });
  }
  if (acquired.began !== "resumed") sources.onBegan(acquired.began, batch);
  return {
    topic,
    partition,
    join,
    epoch: acquired.epoch,
    progressId: acquired.progress_id,
    metadata,
    redeliveredTo: acquired.redelivered_to ?? -1,
    next: acquired.next,
    position,
    attempt: 1,
  };
}

/**
 * Kafka deletes what a group has committed of a topic together with the topic, and its protocol names topics by nothing but
 * their names: this is how one that was deleted and made anew shows, while the offsets may look as if nothing had happened.
 * `position_only`: the client has reset an offset that retention had overtaken, and dropped the metadata with it.
 */
export function whatKafkaKept(
  owned: Ownership,
  batch: Pick<PartitionBatch, "messages"> | null,
  committed: readonly CommittedOffset[],
): "all" | "position_only" | "lost" {
  const { topic, partition, metadata, position } = owned;
  const mine = committed.find((known) => known.topic === topic && known.partition === partition);
  if (mine?.metadata === metadata) return "all";
  const first = batch?.messages[0];
  const movedForwards = mine?.offset === EARLIEST && first !== undefined && Number(first.offset) >= position;
  return movedForwards ? "position_only" : "lost";
}

/** What kafkajs commits when an offset is out of range: "the oldest message there is". */
const EARLIEST = "-2";

function progressIdIn(metadata: string | null): string | null {
  return metadata?.startsWith(METADATA_PREFIX) ? metadata.slice(METADATA_PREFIX.length) : null;
}
