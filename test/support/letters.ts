import type { DeadLetterInput } from "../../schemas/dead-letter";

/** A dead letter as the bridge would put it. */
export function letterInput(identity: string, changes: Partial<DeadLetterInput> = {}): DeadLetterInput {
  return {
    identity,
    event_id: "e-1",
    event_type: "order.placed",
    group: "orders",
    reason: "handler_error",
    error: { type: "Error", message: "out of paper" },
    attempts: 3,
    first_failed_at: new Date("2026-01-01T00:00:00Z"),
    original_topic: "order.placed",
    partition: 1,
    offset: "42",
    key: "ord-1",
    headers: { "x.trace": "abc" },
    raw: Buffer.from('{"n":1}'),
    ...changes,
  };
}
