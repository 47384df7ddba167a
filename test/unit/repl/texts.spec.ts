import assert from "node:assert/strict";
import { Errors } from "moleculer";
import type { IndexState } from "../../../mixins/mongo-schema.mixin";
import { WeirError } from "../../../schemas/errors";
import type { GroupRow } from "../../../services/dlq/grouping/list-groups";
import type { RedriveRow } from "../../../services/dlq/redrive/status";
import type { LetterDetails } from "../../../services/dlq/view";
import { NO_COUNTS, type ReplayView } from "../../../services/events/replay/session";
import { newCallCounters, newCounters } from "../../../services/idempotency/counters";
import { indexRows } from "../../../services/indexes/index-rows";
import { listParams } from "../../../services/repl/dlq";
import { groupsText } from "../../../services/repl/dlq-groups-text";
import { policiesText, policyParams } from "../../../services/repl/dlq-policies";
import { letterText, listText, resultsText, statsText } from "../../../services/repl/dlq-text";
import { explain } from "../../../services/repl/explain";
import { statsText as idempotencyStatsText, keyText } from "../../../services/repl/idempotency";
import {
  dryRunText as redriveDryRunText,
  redrivesText,
  redriveText,
} from "../../../services/repl/redrive-text";
import { startParams } from "../../../services/repl/replay";
import { dryRunText, replayRow, replaysText, replayText } from "../../../services/repl/replay-text";
import { statusRow, statusText } from "../../../services/repl/status";
import { cut, table } from "../../../services/repl/table";

const RECEIVED = { at: "2026-03-02T09:15:27.120Z", action: "received" as const, reason: "handler_error" };
const RETRY_FAILED = { ...RECEIVED, action: "retry_failed" as const, message: "550" };

const LETTER: LetterDetails = {
  id: "0123456789abcdef01234567",
  status: "pending",
  open: true,
  event_id: "e1",
  event_type: "order.paid",
  group: "notifier",
  reason: "handler_error",
  error: { type: "Error", message: "550\nno mailbox", details: { to: "x" } },
  attempts: 2,
  original_topic: "order.paid",
  partition: 1,
  offset: "7",
  key: null,
  raw_bytes: 3,
  headers: {},
  first_failed_at: "2026-03-02T09:15:27.120Z",
  failed_at: "2026-03-02T09:16:00.000Z",
  created_at: "2026-03-02T09:15:27.120Z",
  raw_base64: "/wA=",
  history: [RECEIVED, RETRY_FAILED],
};

/** As much of an index's state as a row is made of. */
const state = (told: object) => told as IndexState;

describe("texts of the command line", () => {
  it("status: a row per group, and why the gateway is not ready", () => {
    const counts = {
      completed: 5,
      duplicate: 4,
      failed: 3,
      refused: 2,
      passed_over: 1,
      busy: 0,
      not_started: 0,
    };
    const group = {
      group: "g",
      service: "g",
      nodes: [],
      state: "running" as const,
      lag: 9,
      in_flight: 1,
      counts,
      breaker: { state: "closed" as const, kind: null, failures_in_a_row: 0, probe_at: null },
    };
    assert.deepEqual(statusRow({ ...group, partitions: [] }), ["g", "running", 9, 1, 5, 4, 3, 2, 1]);
    const breaker = { ...group.breaker, state: "open" as const };
    assert.deepEqual(statusRow({ ...group, breaker, partitions: [] }).slice(0, 2), ["g", "breaker open"]);
    const status = { nodeID: "n", brokers: ["b:1"], published: 0, groups: [] };
    const text = statusText({ ...status, state: "degraded", reasons: ["MongoDB is away"] });
    assert.match(
      text,
      /^degraded: node n, Kafka b:1, 0 published\n {2}- MongoDB is away\nNo group is there yet/,
    );
  });

  it("indexes: keys, options, what differs, sizes, and what no query used", () => {
    const rows = indexRows("orders", [
      {
        collection: "orders",
        state: "in_sync",
        action: { kind: "none" },
        indexes: [
          state({
            name: "a",
            key: { customer: 1, at: -1 },
            state: "changed",
            declared: { key: { customer: 1, at: -1 }, unique: true },
            difference: { unique: { declared: true, actual: undefined } },
            usage: { size: 12_288, uses: 0, since: new Date("2026-01-02T03:04:05Z") },
          }),
          state({
            name: "b",
            key: { x: 1 },
            state: "extra",
            actual: { name: "b", key: { x: 1 } },
            usage: { uses: 0, hidden: { at: new Date(), usage: { uses: 7 } } },
          }),
        ],
      },
      { collection: "progress", state: "in_sync", action: { kind: "none" }, indexes: [] },
    ]);
    assert.deepEqual(rows, [
      [
        "orders",
        "orders",
        "a",
        "customer\nat ↓",
        "unique",
        { text: "changed\nunique: declared true, there is nothing", color: "red" },
        "12 KiB",
        "0 since 2026-01-02 03:04",
      ],
      [
        "orders",
        "orders",
        "b",
        "x",
        "",
        { text: "extra", color: "yellow" },
        "",
        { text: "unused\n7 before it was hidden", color: "yellow" },
      ],
      ["orders", "progress", "-", "_id", "", "none declared", "", ""],
    ]);
  });

  it("dlq list: pending letters unless another status is asked for", () => {
    assert.deepEqual(listParams({}), { status: "pending" });
    assert.deepEqual(listParams({ status: "all", type: "a.b", page: "2" }), { event_type: "a.b", page: "2" });
    assert.equal(
      listText({ rows: [], total: 0, page: 1, pageSize: 20 }, { status: "pending" }),
      "No dead letters (status pending).",
    );
    const text = listText(
      { rows: [LETTER], total: 41, page: 2, pageSize: 20 },
      { group: "notifier", page: "2" },
    );
    assert.match(text, /^41 dead letters \(group notifier\), page 2 of 3: dlq list --page 3\n/);
    assert.match(text, /550 no mailbox/);
  });

  it("dlq get: everything about a letter, bytes that are no text in base64", () => {
    const text = letterText(LETTER);
    for (const part of [
      "order.paid[1] offset 7, key none",
      "Error: 550",
      '"to": "x"',
      "retry failed",
      "/wA=",
    ])
      assert.ok(text.includes(part), part);
    assert.match(letterText({ ...LETTER, raw_base64: null }), /no value \(a tombstone\)/);
  });

  it("dlq retry and discard: a result per letter", () => {
    const error = { type: "E", message: "no" };
    const text = resultsText([
      { id: "a", ok: true, status: "retried", result: "delivered" },
      { id: "b", ok: false, status: "pending", error },
    ]);
    assert.match(text, /retried, delivered/);
    assert.match(text, /not done, still pending +│ no \(E\)/);
    assert.match(text, /1 of 2 done\.$/);
    const many = Array.from({ length: 30 }, (_, index) => ({ id: `n${index}`, ok: index < 29 }));
    assert.match(resultsText(many), /│ n29 .*\n… and 10 more\n29 of 30 done\.$/s);
    assert.equal(resultsText([]), "No open letter matches.");
  });

  it("dlq stats: counts by each of the kinds", () => {
    const by_status = { pending: 1, scheduled: 0, retried: 2, discarded: 0 };
    const by_age = { hour: 0, day: 1, week: 0, older: 0 };
    const counts = {
      by_status,
      by_reason: { invalid: 1 },
      by_topic: { "order.paid": 1 },
      by_event_type: { "-": 1 },
      by_group: {},
      by_age,
    };
    const text = statsText({ total: 3, open: 1, ...counts, oldest_open: null });
    assert.match(text, /^3 dead letters, 1 open\n/);
    assert.match(text, /│ status +│ retried +│ +2 │/);
    assert.match(text, /│ reason, open +│ invalid +│ +1 │/);
    assert.match(text, /│ failed within, open +│ day +│ +1 │/);
    assert.doesNotMatch(text, /older/);
  });

  it("dlq policies: what each is for, how it retries, where it comes from", () => {
    assert.match(policiesText([]), /every dead letter waits for a person/);
    const text = policiesText([
      { id: "a1", source: "configuration", match: {}, retry: { kind: "manual" } },
      {
        ...{ id: "b2", source: "stored", match: { group: "mails" }, by: "ann", note: "as agreed" },
        ...{ retry: { kind: "immediate", limit: 2 }, set_at: "2026-03-02T09:15:27.120Z" },
      },
    ]);
    assert.match(text, /│ a1 │ all +│ manual +│ WEIR_DLQ_POLICIES/);
    assert.match(text, /│ b2 │ group mails │ immediate │ by ann .*limit 2 .*2026-03-02.*as agreed/s);
  });

  it("dlq set-policy: a kind or JSON", () => {
    const options = { group: "mails", retry: "manual", by: "ann" };
    assert.deepEqual(policyParams([], options), {
      match: { group: "mails" },
      retry: { kind: "manual" },
      by: "ann",
    });
    const retry = '{"kind":"immediate","limit":2}';
    assert.deepEqual(policyParams([], { type: "order.*", retry, by: "ann", note: "x" }), {
      match: { event_type: "order.*" },
      retry: { kind: "immediate", limit: 2 },
      by: "ann",
      note: "x",
    });
    for (const wrong of [{ retry: "manual" }, { by: "ann" }, { retry: "{", by: "ann" }]) {
      assert.throws(() => policyParams([], wrong), /set-policy|not JSON/);
    }
  });

  it("idempotency: what was counted of events and of calls", () => {
    const text = idempotencyStatsText({
      documents: 12,
      processing: 1,
      node: { ...newCounters(), claimed: 100, duplicates: 7 },
      calls: { ...newCallCounters(), claimed: 3, answered: 2 },
      front: { hits: 1, misses: 4, entries: 1, bytes: 600 },
    });
    assert.match(text, /^12 claim documents, 1 in hand\n/);
    assert.match(text, /│ duplicates blocked +│ 7 +│ +2 │/);
    assert.match(text, /memory: 1 call, 1 hit, 4 missed/);
  });

  it("idempotency get: who holds a key, the letter of a failed one, or nobody", () => {
    const by = { topic: "order.paid", partition: 1, epoch: 2, attempt: 3, from: 4, to: 9 };
    const until = new Date("2026-03-02T09:15:27Z");
    const held = { key: "g|k", group: "g", by, lease_until: until, expires_at: until };
    assert.match(
      keyText("g|k", { ...held, status: "processing" }),
      /order\.paid\[1\] offsets 4 to 9, epoch 2, attempt 3 .*\n.*lease until +│ 2026-03-02 09:15:27/,
    );
    const done = { ...held, lease_until: null, status: "completed" as const, completed_at: until };
    assert.match(keyText("g|k", { ...done, result_bytes: 1 }), /result +│ 1 byte /);
    assert.match(keyText("g|k", { ...done, result_omitted: { why: "not_json" } }), /not kept: not json/);
    const error = { type: "Error", message: "550" };
    const letter = { id: "abc", status: "pending", reason: "handler_error", failed_at: until, error };
    assert.match(
      keyText("g|k", { key: "g|k", group: "g", status: "failed", letter, expires_at: null }),
      /failed.*abc \(pending\).*Error: 550.*somebody closes it/s,
    );
    assert.match(keyText("g|k", null), /^Nobody holds g\|k/);
  });

  it("replay: a row per session, and one session whole", () => {
    const session: ReplayView = {
      id: "0123456789abcdef01234567",
      status: "paused",
      filter: { event_type: "order.paid", event_ids: ["a", "b"], from: new Date("2026-03-02T09:15:27Z") },
      groups: ["points"],
      order: "stored",
      again: false,
      total: 9,
      counts: { ...NO_COUNTS, read: 4, failed: 1 },
      waiting: "Group points failed 50 events in a row",
      node: null,
      created_at: new Date("2026-03-02T09:15:27Z"),
      updated_at: new Date("2026-03-02T09:15:27Z"),
      finished_at: null,
      history: [{ at: new Date("2026-03-02T09:15:27Z"), action: "created", by: "ada" }],
    };
    assert.deepEqual(replayRow(session), [
      session.id,
      { text: "paused", color: "yellow" },
      4,
      9,
      "points",
      1,
      "event_type order.paid\n2 ids\nfrom 2026-03-02 09:15:27",
      "2026-03-02 09:15:27",
      "-",
    ]);
    const text = replayText(session);
    for (const part of [
      "as fast as it goes",
      "is left as it is",
      "4 of 9",
      "1 dead letters",
      "in a row",
      "created  ada",
    ])
      assert.ok(text.includes(part), part);
    assert.equal(
      replaysText({ rows: [], total: 0, page: 1, pageSize: 20 }),
      "No replay was ever begun here.",
    );
    assert.equal(
      dryRunText({ dry_run: true, total: 0, oldest: null, newest: null, by_type: [] }),
      "No stored event matches.",
    );
    assert.deepEqual(startParams({ type: "a.b", group: "x,y", once: true, dryRun: true }), {
      filter: { event_type: "a.b" },
      groups: ["x", "y"],
      again: false,
      dry_run: true,
    });
    assert.throws(() => startParams({ group: "x" }), /Which events\?/);
    assert.throws(() => startParams({ all: true }), /Where to\?/);
  });

  it("dlq groups: a row per cause, what people said of it, and what a redrive did not mend", () => {
    const row: GroupRow = {
      fingerprint: "0123456789abcdef",
      status: "acknowledged",
      note: "the printer is being mended",
      by: "ada",
      reason: "handler_error",
      error: { type: "Error", message: "out of paper" },
      count: 12,
      keys: 2,
      first_seen: "2026-03-02T09:15:27.120Z",
      last_seen: "2026-03-02T09:16:00.000Z",
      sample: LETTER.id,
      pattern: "poison",
      during_redrive: { new: 1, again: 3 },
    };
    const text = groupsText({ rows: [row], total: 1, page: 1, pageSize: 20 });
    assert.match(text, /^1 cause of open letters\n/);
    assert.match(
      text,
      /acknowledged +│ +12 │ +2 │ poison +│ - +│ - +│ handler_error: out of paper \(Error\)/,
    );
    assert.match(text, /0123456789abcdef has 1 new letter, 3 failed again/);
    assert.match(groupsText({ rows: [], total: 0, page: 1, pageSize: 20 }), /^Nothing is broken/);
  });

  it("redrive: how far each is, why it waits, what became of its letters", () => {
    const counts = { delivered: 5, duplicate: 1, failed: 2, closed: 0, gone: 0 };
    const row: RedriveRow = {
      id: LETTER.id,
      status: "paused",
      filter: { group: "notifier", from: new Date("2026-03-01T00:00:00Z") },
      canary: "passed",
      by: "ada",
      total: 10,
      done: 8,
      counts,
      paused: { at: "2026-03-02T09:16:00.000Z", by: "weir", reason: "nothing got on" },
      created_at: "2026-03-02T09:15:27.120Z",
    };
    assert.match(
      redrivesText({ rows: [row], total: 1, page: 1, pageSize: 20 }),
      /paused by weir.*│ +10 │ +8 │.*│ group notifier, from 2026-03-01T00:00:00.000Z │ ada │/,
    );
    const error = { type: "E", message: "no" };
    const items = { rows: [{ id: "a", result: "failed" as const, error }], total: 2, page: 1, pageSize: 20 };
    const text = redriveText({ ...row, items });
    for (const part of ["nothing got on", `redrive resume ${LETTER.id}`, "no (E)", "1 of 2 letters shown"])
      assert.ok(text.includes(part), part);
    assert.match(text, /│ waiting +│ +2 │/);
    const none = { by_event_type: {}, by_group: {}, by_reason: {} };
    assert.equal(redriveDryRunText({ dry_run: true, total: 0, ...none }), "No open letter matches.");
    const some = redriveDryRunText({ dry_run: true, total: 3, ...none, by_reason: { invalid: 3 } });
    assert.match(some, /^3 letters would be handed over.*│ reason │ invalid │ +3 │/s);
  });

  it("shows what would steer the terminal instead of sending it", () => {
    assert.ok(table(["x"], [["a\u001b[2Jb"]]).includes("a\\x1b[2Jb"));
    assert.equal(cut("one\n two   three", 9), "one two …");
  });

  it("explains errors in words", () => {
    assert.equal(
      explain(new WeirError("WEIR_EVENT_NOT_FOUND", "No event.")),
      "No event. (WEIR_EVENT_NOT_FOUND)",
    );
    const missing = new Errors.ServiceNotFoundError({ action: "dlq.list" });
    assert.match(explain(missing), /^No node offers dlq\.list now/);
    const data = [{ message: "'id' is required." }, { message: "'x' is forbidden." }];
    const invalid = new Errors.ValidationError("Parameters validation error!", "VALIDATION_ERROR", data);
    assert.equal(explain(invalid), "'id' is required.\n'x' is forbidden.");
    assert.equal(explain("text"), "text");
  });
});
