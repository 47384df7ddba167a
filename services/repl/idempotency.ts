import type { ServiceBroker } from "moleculer";
import type { FailedKey, HeldKey, IdempotencyStats, KeyState } from "../idempotency/inspect";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { type Cell, counted, shortTime, table } from "./table";

const USAGE = ["idempotency [stats]", "idempotency get '<key>'"].join("\n");
const KEYS =
  "An event's key is <group>|<event type>|<event id>, or as its handler's strategy says; a call's is call:<action>|<key>.";

export function statsText({ documents, processing, node, calls, front }: IdempotencyStats): string {
  const rows: Cell[][] = [
    ["claimed", node.claimed, calls.claimed],
    ["duplicates blocked", node.duplicates, calls.answered],
    ["found in other hands", node.busy, calls.in_flight],
    ["other parameters", "-", calls.conflicts],
    ["taken over", node.takeovers, calls.takeovers],
    ["settled", node.settled, calls.settled],
    ["given back", "-", calls.released],
    ["fenced", node.fenced, calls.fenced],
    ["result not kept", "-", calls.omitted],
  ];
  return [
    `${counted(documents, "claim document")}, ${processing} in hand`,
    table(["since this node's start", "events", "calls"], rows),
    `This node's memory: ${counted(front.entries, "call")}, ${counted(front.hits, "hit")}, ${front.misses} missed.`,
    "Settled and fenced events are counted by chunk, the others by key.",
  ].join("\n");
}

export function keyText(key: string, state: KeyState | null): string {
  if (!state) return `Nobody holds ${key}: it is new, was given back, or has expired.\n${KEYS}`;
  return table([state.key, ""], state.status === "failed" ? failedRows(state) : heldRows(state));
}

function failedRows({ group, letter, expires_at }: FailedKey): Cell[][] {
  return [
    ["group", group],
    ["status", { text: "failed", color: "red" }],
    ["dead letter", `${letter.id} (${letter.status})`],
    ["reason", letter.reason],
    ["error", `${letter.error.type}: ${letter.error.message}`],
    ["event", `${letter.event_type ?? "unknown type"}, id ${letter.event_id ?? "unknown"}`],
    ["failed at", `${shortTime(letter.failed_at)} UTC`],
    ["kept until", expires_at ? `${shortTime(expires_at)} UTC` : "somebody closes it"],
  ];
}

function heldRows(state: HeldKey): Cell[][] {
  const { group, status, by, lease_until, expires_at, completed_at, result_bytes, result_omitted } = state;
  const isCall = by.partition < 0;
  const place = isCall ? by.topic : `${by.topic}[${by.partition}] offsets ${by.from} to ${by.to}`;
  return [
    ["group", group],
    ["status", { text: status, color: status === "completed" ? "green" : "yellow" }],
    ["by", `${place}, epoch ${by.epoch}, attempt ${by.attempt}`],
    ...(lease_until ? [["lease until", `${shortTime(lease_until)} UTC`]] : []),
    ...(completed_at ? [["completed at", `${shortTime(completed_at)} UTC`]] : []),
    ...(result_bytes === undefined ? [] : [["result", counted(result_bytes, "byte")]]),
    ...(result_omitted ? [["result", `not kept: ${result_omitted.why.replaceAll("_", " ")}`]] : []),
    ["kept until", `${shortTime(expires_at)} UTC`],
  ];
}

async function run(
  broker: ServiceBroker,
  { operands: [action = "stats", key, ...more] }: CommandInput,
): Promise<string> {
  if (action === "stats" && key === undefined)
    return statsText(await broker.call<IdempotencyStats, object>("idempotency.stats", {}));
  if (action === "get" && key !== undefined && more.length === 0)
    return keyText(key, await broker.call<KeyState | null, object>("idempotency.get", { key }));
  throw new Misuse(`${USAGE}\n${KEYS}`);
}

export const idempotencyCommand = defineCommand({
  command: "idempotency [action] [keys...]",
  description: "Keys that absorb duplicates: stats; get '<key>' tells who holds one",
  run,
});
