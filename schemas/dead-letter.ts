import type { EventFailure } from "./delivery";

/**
 * What the bridge hands to `dlq.put`: a message that could not be delivered, with its exact bytes.
 * Two puts with one `identity` are one letter while the first is open.
 */
export interface DeadLetterInput {
  /** Refused message: `refused|<topic>|<progress id>|<partition>|<offset>`; failed event: `failed|<group>|<key>`. */
  identity: string;
  event_id?: string;
  event_type?: string;
  /** The group that failed; absent for a message that was refused before any group saw it. */
  group?: string;
  /** `unparseable`, `unknown_type`, `invalid`, `unstorable`, `handler_error`, `timeout`, `event_id_conflict`, `parked` … */
  reason: string;
  error: EventFailure;
  attempts: number;
  first_failed_at: Date;
  original_topic: string;
  partition: number;
  offset: string;
  key: string | null;
  headers: Record<string, string>;
  /** Of a handler that keeps order strictly: later events of the same lane wait behind this one, in the order of their offsets. */
  lane?: string;
  /** Of a parked event: the offset of the first event that it waited behind. */
  behind?: number;
  /** The message's value as it came; null for a tombstone. */
  raw: Buffer | null;
}
