/** The reason of a letter whose event was not handled, because an earlier one of its Kafka key waits as a letter. */
export const PARKED = "parked";

/** The first open letter of a lane: what stands in front of everything behind it. The answer of `dlq.fronts` has these. */
export interface LaneFront {
  lane: string;
  /** 24 hex digits. */
  id: string;
  event_id?: string;
  offset: number;
}
