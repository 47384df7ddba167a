/** `progress`: one document per group, topic and partition: the fence between its owners. */
export interface ProgressDocument {
  /** `<group>|<topic>|<partition>` */
  _id: string;
  group: string;
  topic: string;
  partition: number;
  /** Names one unbroken run of offsets; a reset or a topic made anew begins another. */
  progress_id: string;
  /** The name that the last owner would give to a run that begins anew; it holds as soon as Kafka's committed metadata has it. */
  offered_id?: string;
  /** Raised by every new owner. */
  epoch: number;
  /** The highest offset that may have been handled before, under an earlier owner or a delivery that was given up; null for none. */
  redelivered_to: number | null;
  /** The highest offset that any owner of this run has claimed; missing until the first claim. */
  handed_to?: number;
  /** Transactional groups: everything below has taken effect. */
  next: number;
  /** Server sessions that an owner's transactions ran in, as 32 hex digits. */
  sessions?: string[];
  since: Date;
}

/** The request of `idempotency.acquire`. */
export interface AcquireRequest {
  group: string;
  topic: string;
  partition: number;
  /** The progress that Kafka's committed metadata names; null where nothing is committed or it names none. */
  committed_progress_id: string | null;
}

/** The answer of `idempotency.acquire`. */
export interface Acquired {
  epoch: number;
  progress_id: string;
  redelivered_to: number | null;
  /** Transactional groups: everything below has taken effect. */
  next: number;
  /** `anew`: offsets were reset, or the topic made anew, since the last owner. `beginAnew` is due once the id is committed. */
  began: "first" | "resumed" | "anew";
}

/** The request of `idempotency.beginAnew`. */
export interface BeginAnewRequest {
  group: string;
  topic: string;
  partition: number;
  epoch: number;
  progress_id: string;
  /** The offset that it begins at. */
  from: number;
}

export function progressKey(group: string, topic: string, partition: number): string {
  return `${group}|${topic}|${partition}`;
}
