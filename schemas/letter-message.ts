/** A message that the dlq service lets the bridge send to Kafka. In base64, because bytes do not survive every transporter. */
export interface LetterMessage {
  topic: string;
  key: string | null;
  /** null for a tombstone. */
  value_base64: string | null;
  headers: Record<string, string>;
}
