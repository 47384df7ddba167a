import type { LetterStatus } from "./letter";

/** What became of one letter of a `dlq.retry` or `dlq.discard`. */
export interface ItemResult {
  id: string;
  ok: boolean;
  /** The letter's status afterwards, where it is known. */
  status?: LetterStatus;
  /** Of a retry: handled now, or handled by an earlier delivery already. */
  result?: "delivered" | "duplicate";
  /** Of a retry: how many parked letters behind it were handled after it. */
  followed?: number;
  error?: { type: string; message: string };
}

export function failedItem(
  id: string,
  error: Error & { type?: string; data?: { status?: LetterStatus } },
): ItemResult {
  const { type = error.name, message, data } = error;
  return { id, ok: false, ...(data?.status && { status: data.status }), error: { type, message } };
}
