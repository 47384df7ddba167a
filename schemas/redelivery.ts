import type { EventFailure } from "./delivery";

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
