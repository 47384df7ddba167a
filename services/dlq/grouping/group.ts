export const GROUP_STATUSES = ["open", "acknowledged", "resolved", "ignored"] as const;
export type GroupStatus = (typeof GROUP_STATUSES)[number];

/** A document of `dlq_groups`: what people said of one cause of failures. One that nobody spoke of has none, and is `open`. */
export interface FailureGroup {
  /** The fingerprint. */
  _id: string;
  status: GroupStatus;
  note?: string;
  by: string;
  at: Date;
  /** What was said before, oldest first. */
  history: { status: GroupStatus; note?: string; by: string; at: Date }[];
}
