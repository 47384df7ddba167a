import assert from "node:assert/strict";
import { Errors } from "moleculer";
import type { IndexState } from "../../../mixins/mongo-schema.mixin";
import { WeirError } from "../../../schemas/errors";
import type { LetterDetails } from "../../../services/dlq/view";
import { NO_COUNTS, type ReplayView } from "../../../services/events/replay/session";
import { indexRows } from "../../../services/indexes/index-rows";
import { listParams } from "../../../services/repl/dlq";
import { letterText, listText, resultsText, statsText } from "../../../services/repl/dlq-text";
import { explain } from "../../../services/repl/explain";
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
    const counts = { by_status, by_reason: { invalid: 1 }, by_event_type: { "-": 1 }, by_group: {} };
    const text = statsText({ total: 3, open: 1, ...counts, oldest_open: null });
    assert.match(text, /^3 dead letters, 1 open\n/);
    assert.match(text, /│ status +│ retried +│ +2 │/);
    assert.match(text, /│ reason, open +│ invalid +│ +1 │/);
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
