import type { DeliverRequest, EventFailure } from "./delivery";

/** A dead letter as `dlq.retry` hands it to `bridge.redeliver`. */
export interface Redelivery {
  id: string;
  /** The group that failed; absent for a message that no group was handed yet. */
  group?: string;
  reason: string;
  raw: Buffer | null;
  original_topic: string;
  partition: number;
  offset: string;
  key: string | null;
  headers: Record<string, string>;
}

/** What `bridge.redeliver` answers. It throws where the letter could not be handed over at all. */
export interface RedeliveryResult {
  status: "delivered" | "duplicate" | "failed" | "refused";
  reason?: string;
  error?: EventFailure;
}

/** Who hands over: what an earlier owner of the same job had claimed may be taken over at once. */
export interface RedeliveryFence {
  /** The job's id. */
  scope: string;
  /** Raised by every new owner of the job, from 1 on. */
  epoch: number;
  /** Raised by the owner each time it does not know what became of a delivery. */
  attempt: number;
}

/** What stands for a topic where a redrive claims keys: no Kafka topic can be named so. */
export function redriveName(job: string): string {
  return `${REDRIVE}${job}`;
}

const REDRIVE = "redrive/";

/** What the handlers of a chunk are told it is: a session's or a letter's id, or a redrive's name; undefined for live events. */
export function replayMark({ topic, items }: Pick<DeliverRequest, "topic" | "items">): string | undefined {
  return topic.startsWith(REDRIVE) ? topic : items[0]?.delivery.replay;
}

/** The parameters of `bridge.redeliverMany`: letters in the order in which they are to be handed over. */
export interface RedeliveryBatch {
  letters: Redelivery[];
  fence: RedeliveryFence;
}

/** What became of one letter of a batch. */
export type BatchedResult =
  | RedeliveryResult
  /** Nobody could take it now; it may be handed over again later. */
  | { status: "not_now"; error: EventFailure };
