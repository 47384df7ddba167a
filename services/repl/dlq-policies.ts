import type { PolicyRow } from "../dlq/policies/stored-policies";
import { type CommandInput, Misuse } from "./command";
import { type Cell, shortTime, table } from "./table";

const SET =
  'dlq set-policy [--type <event type>] [--topic <topic>] [--group <group>] [--reason <reason>] --retry <kind or \'{"kind": …}\'> --by <who> [--note "<why>"]';
export const POLICY_USAGE = ["dlq policies", SET, "dlq remove-policy <id>"];

/** Parameters of `dlq.setPolicy`. */
export function policyParams(
  operands: string[],
  { type, topic, group, reason, retry, by, note }: CommandInput["options"],
): object {
  if (operands.length > 0) throw new Misuse(`"${operands.join(" ")}" is too much: ${SET}`);
  if (typeof retry !== "string" || typeof by !== "string")
    throw new Misuse(`--retry and --by are needed: ${SET}`);
  const given = Object.entries({ event_type: type, topic, group, reason });
  const match = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return { match, retry: retryOf(retry), by, ...(note !== undefined && { note }) };
}

function retryOf(written: string): unknown {
  if (!written.trim().startsWith("{")) return { kind: written };
  try {
    return JSON.parse(written);
  } catch (error) {
    throw new Misuse(`--retry is not JSON: ${(error as Error).message}`);
  }
}

const HEAD = ["id", "for", "retry", "set"];

export function policiesText(policies: PolicyRow[]): string {
  if (policies.length === 0) return "No retry policies: every dead letter waits for a person.";
  return table(HEAD, policies.map(policyRow));
}

function policyRow({ id, match, retry: { kind, ...members }, source, set_at, by, note }: PolicyRow): Cell[] {
  return [
    id,
    listed(match) || "all",
    [kind, listed(members)].filter(Boolean).join("\n"),
    source === "configuration"
      ? "WEIR_DLQ_POLICIES"
      : [`by ${by}`, set_at ? `${shortTime(set_at)} UTC` : "", note ?? ""].filter(Boolean).join("\n"),
  ];
}

function listed(members: object): string {
  return Object.entries(members)
    .map(([name, value]) => `${name} ${value}`)
    .join("\n");
}
