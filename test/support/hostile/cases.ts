import type { Loose, Options } from "./changes";

/** Of one action: parameters that it takes, and what of them is not as strict as the rest. */
export interface ActionCase extends Options {
  /** null: it has no parameters. */
  good: Record<string, unknown> | null;
}

/** What the cases are about: what is there, so that harm could be done to it. */
export interface Scene {
  /** The example of an event type that is known. */
  payload: Record<string, unknown>;
  topic: string;
  letter: string;
  fingerprint: string;
}

const NOBODY = "0123456789abcdef01234567";
const TIME = "2026-01-01T00:00:00Z";
const PAGE = { page: 1, pageSize: 5 };
const SOME = { event_type: "order.paid", from: new Date(TIME), to: new Date(TIME) };
const EVENTS = { ...SOME, aggregate_id: "o", user_id: "u", service_name: "s", correlation_id: "c" };
const CAUSE = { ...SOME, group: "nobody", topic: "t", reason: "timeout", fingerprint: "0123456789abcdef" };
const INDEXES: ActionCase = { good: { apply: false, rebuild: false, prune: false, stats: false } };
const NOTHING: ActionCase = { good: null };
const PLACE = { topic: "t", partition: 0, offset: "7" };

/** Every action of the gateway's services, by its name. Whoever adds one says here what it takes. */
export function actionCases({ payload, topic, letter, fingerprint }: Scene): Record<string, ActionCase> {
  const event = {
    event_id: "e",
    event_type: "order.paid",
    event_version: "1.0",
    timestamp: TIME,
    metadata: { service_name: "s", service_version: "1" },
    payload,
  };
  const redelivery = {
    id: NOBODY,
    group: "nobody",
    reason: "handler_error",
    raw: Buffer.from(JSON.stringify(event)),
    original_topic: "t",
    partition: 0,
    offset: "7",
    key: "k",
    headers: { name: "value" },
  };
  const redeliveryLoose = (at: string): Loose => ({
    [`${at}.raw`]: "bytes",
    [`${at}.key`]: "key",
    [`${at}.headers`]: "headers",
    [`${at}.group`]: "text",
    [`${at}.reason`]: "text",
  });
  const item = { event, key: "k", ...PLACE };
  const delivery = { offset: "7", key: "k", headers: { name: "value" }, redelivered: false };
  const published = { event_type: "order.paid", payload, event_id: "e", aggregate_id: "o", key: "k" };
  const publishedLoose = (at: string): Loose => ({
    [`${at}payload`]: "event",
    [`${at}metadata`]: "event",
    [`${at}headers`]: "headers",
  });
  const whole = { ...published, metadata: { user_id: "u" }, headers: { name: "value" } };
  const call = { id: NOBODY, scope: "a.b", key: "k" };
  const by = { topic: "t", partition: 0, epoch: 1, attempt: 1, from: 0, to: 0 };

  return {
    "schemas.list": NOTHING,
    "schemas.get": { good: { event_type: "order.paid", event_version: "1.0" } },
    "schemas.validate": { good: { event }, loose: { event: "anything" } },

    "idempotency.indexes": INDEXES,
    "idempotency.claim": { good: { group: "g", keys: ["g|a"], by }, loose: { "keys.*": "text" } },
    "idempotency.settle": {
      good: {
        id: NOBODY,
        release: ["g|a"],
        claimed: 1,
        ttl_ms: 1,
        from: { group: "g", topic: "t", partition: 0, to: 0 },
      },
      loose: { "release.*": "text" },
    },
    "idempotency.acquire": {
      good: { group: "g", topic: "t", partition: 0, committed_progress_id: "p" },
      loose: { committed_progress_id: "key" },
    },
    "idempotency.beginAnew": {
      good: { group: "g", topic: "t", partition: 0, epoch: 1, progress_id: "p", from: 0 },
    },
    "idempotency.begin": {
      good: { ...call, fingerprint: "f".repeat(43), lease_ms: 5_000, max_result_bytes: 100 },
    },
    "idempotency.complete": {
      good: { ...call, ttl_ms: 5_000, result: 1, omitted: { why: "not_json", bytes: 1 } },
      loose: { result: "anything" },
    },
    "idempotency.release": { good: call },
    "idempotency.expireReplay": { good: { replay: NOBODY, groups: ["nobody"] } },
    "idempotency.get": { good: { key: "g|a" }, loose: { key: "text" } },
    "idempotency.stats": NOTHING,

    "events.deliver": {
      open: true,
      good: {
        group: "events",
        topic,
        partition: -1,
        epoch: 0,
        attempt: 0,
        max_failures: 1,
        max_answer_bytes: 100_000,
        scope: "s",
        keep_keys_ms: 1,
        lift_to: { "order.paid": "1.0" },
        items: [{ event, delivery }],
      },
      loose: {
        "items.*.event": "object",
        "items.*.delivery.key": "key",
        "items.*.delivery.headers": "object",
        lift_to: "headers",
      },
    },
    "events.indexes": INDEXES,
    "events.list": { good: { ...EVENTS, status: "stored", cursor: `1-${NOBODY}`, page: 1, pageSize: 5 } },
    "events.get": { good: { event_id: "nobody" } },
    "events.search": { good: { text: "checkout", ...PAGE } },
    "events.stats": NOTHING,
    "events.histogram": { good: { ...EVENTS, interval: "hour" } },
    "events.chain": { good: { correlation_id: "c", cursor: `1-${NOBODY}`, pageSize: 5 } },
    "events.export": { good: { filter: { ...EVENTS, event_ids: ["nobody"] } } },
    "events.archive": {
      good: { filter: { ...EVENTS, event_ids: ["nobody"] }, by: "ada", reason: "asked for" },
    },
    "events.replay": {
      good: {
        filter: { ...EVENTS, event_ids: ["nobody"] },
        groups: ["nobody"],
        order: "stored",
        rate: 1,
        again: true,
        dry_run: false,
        by: "ada",
      },
    },
    "events.replays": { good: { status: "running", ...PAGE } },
    "events.getReplay": { good: { id: NOBODY } },
    "events.pauseReplay": { good: { id: NOBODY, by: "ada", reason: "a fault" } },
    "events.resumeReplay": { good: { id: NOBODY, by: "ada", reason: "mended" } },
    "events.cancelReplay": { good: { id: NOBODY, by: "ada", reason: "enough" } },

    "dlq.indexes": INDEXES,
    "dlq.put": {
      good: {
        letters: [
          {
            identity: "failed|nobody|e",
            event_id: "e",
            event_type: "order.paid",
            group: "nobody",
            reason: "handler_error",
            error: { type: "Error", message: "out of paper", stack: "at a", details: { a: 1 } },
            attempts: 1,
            first_failed_at: new Date(TIME),
            original_topic: "t",
            partition: 0,
            offset: "7",
            key: "k",
            headers: { name: "value" },
            raw: Buffer.from("{}"),
            lane: "l",
            behind: 3,
          },
        ],
      },
      loose: {
        "letters.*.identity": "text",
        "letters.*.event_id": "text",
        "letters.*.event_type": "text",
        "letters.*.group": "text",
        "letters.*.reason": "text",
        "letters.*.error": "object",
        "letters.*.key": "key",
        "letters.*.headers": "headers",
        "letters.*.raw": "bytes",
        "letters.*.lane": "text",
      },
    },
    "dlq.fronts": { good: { lanes: ["l"] }, loose: { "lanes.*": "text" } },
    "dlq.list": { good: { status: "pending", ...CAUSE, ...PAGE } },
    "dlq.get": { good: { id: letter } },
    "dlq.stats": NOTHING,
    "dlq.retry": { good: { filter: CAUSE } },
    "dlq.discard": { good: { ids: [NOBODY], reason: "enough", by: "ada" } },
    "dlq.edit": { good: { id: NOBODY, event, by: "ada", note: "a typo" }, loose: { event: "event" } },
    "dlq.groups": { good: { filter: CAUSE, status: "open", ...PAGE } },
    "dlq.setGroup": { good: { fingerprint, status: "open", note: "known", by: "ada" } },
    "dlq.policies": NOTHING,
    "dlq.setPolicy": {
      good: {
        match: { event_type: "order.paid", topic: "t", group: "nobody", reason: "timeout" },
        retry: {
          kind: "exponential_backoff",
          base_ms: 1_000,
          factor: 2,
          maximum_ms: 2_000,
          jitter: 0.1,
          limit: 1,
        },
        by: "ada",
        note: "a storm",
      },
    },
    "dlq.removePolicy": { good: { id: NOBODY } },
    "dlq.redrive": { good: { filter: CAUSE, dry_run: true, rate: 5, canary: true, by: "ada" } },
    "dlq.redrives": { good: { status: "running", ...PAGE } },
    "dlq.redriveStatus": { good: { id: NOBODY, result: "failed", ...PAGE } },
    "dlq.pauseRedrive": { good: { id: NOBODY, by: "ada" } },
    "dlq.resumeRedrive": { good: { id: NOBODY, by: "ada" } },
    "dlq.cancelRedrive": { good: { id: NOBODY, by: "ada" } },
    "dlq.importTopic": { good: { topic: "nobody", original_topic: "t" } },

    "bridge.publish": { good: whole, loose: publishedLoose("") },
    "bridge.publishMany": { good: { events: [whole] }, loose: publishedLoose("events.*.") },
    "bridge.status": { good: { lag: false } },
    "bridge.pause": { good: { group: "nobody" } },
    "bridge.resume": { good: { group: "nobody" } },
    "bridge.receiving": NOTHING,
    "bridge.redeliver": { good: { letter: redelivery }, loose: redeliveryLoose("letter") },
    "bridge.redeliverMany": {
      good: { letters: [redelivery], fence: { scope: NOBODY, epoch: 1, attempt: 0 } },
      loose: redeliveryLoose("letters.*"),
    },
    "bridge.sendLetters": {
      good: { messages: [{ topic, key: "k", value_base64: "e30=", headers: { name: "value" } }] },
      loose: { "messages.*.key": "key", "messages.*.value_base64": "key", "messages.*.headers": "headers" },
    },
    "bridge.importDeadLetters": { good: { topic: "nobody", original_topic: "t" } },
    "bridge.replay": {
      good: {
        replay: NOBODY,
        epoch: 1,
        attempt: 0,
        group: "nobody",
        again: true,
        max_failures: 1,
        items: [item],
      },
      loose: { "items.*.event": "object", "items.*.key": "key" },
    },
    "bridge.replayToTopic": {
      good: { replay: NOBODY, topic, items: [item] },
      loose: { "items.*.event": "object", "items.*.key": "key" },
    },
    "bridge.checkTargets": { good: { groups: ["events"], topic } },
  };
}
