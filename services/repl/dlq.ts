import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { ItemResult } from "../dlq/item-result";
import type { PolicyRow } from "../dlq/policies/stored-policies";
import type { LetterStats } from "../dlq/stats";
import type { LetterDetails, LetterRow } from "../dlq/view";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { POLICY_USAGE, policiesText, policyParams } from "./dlq-policies";
import { letterText, listText, resultsText, statsText } from "./dlq-text";

const RETRY = "dlq retry <id> … | --reason <reason> | --group <group> | --type <event type>";
const DISCARD = 'dlq discard <id> … | --group <group> | --type <event type>, and --reason "<why>" --by <who>';
const USAGE = [
  "dlq [list] [--status pending|scheduled|retried|discarded|all] [--type <event type>] [--group <group>] [--reason <reason>] [--page <n>]",
  "dlq get <id>",
  RETRY,
  DISCARD,
  "dlq stats",
  ...POLICY_USAGE,
].join("\n");

const ACTIONS: Record<
  string,
  (broker: ServiceBroker, ids: string[], options: CommandInput["options"]) => Promise<string>
> = {
  async list(broker, ids, options) {
    if (ids.length > 0) throw new Misuse(`"${ids.join(" ")}" is too much:\n${USAGE}`);
    const params = listParams(options);
    // A copy: the broker puts the defaults into what it is given.
    return listText(await broker.call<Page<LetterRow>, object>("dlq.list", { ...params }), params);
  },
  async get(broker, ids) {
    const [id, ...rest] = ids;
    if (id === undefined || rest.length > 0) throw new Misuse("One id is needed: dlq get <id>");
    return letterText(await broker.call<LetterDetails, object>("dlq.get", { id }));
  },
  async retry(broker, ids, { reason, ...options }) {
    const named = namedBy(ids, { ...options, reason });
    if (!named) throw new Misuse(`Which letters? ${RETRY}`);
    // Each delivery may take as long as its handler: the plugin's own limits end it.
    return resultsText(await broker.call<ItemResult[], object>("dlq.retry", named, { timeout: 0 }));
  },
  async discard(broker, ids, { reason, by, ...options }) {
    const named = namedBy(ids, options);
    if (!named || typeof reason !== "string" || typeof by !== "string") {
      throw new Misuse(`Letters, a reason and who says so are needed: ${DISCARD}`);
    }
    return resultsText(
      await broker.call<ItemResult[], object>("dlq.discard", { ...named, reason, by }, { timeout: 0 }),
    );
  },
  async policies(broker) {
    return policiesText(await broker.call<PolicyRow[]>("dlq.policies"));
  },
  async "set-policy"(broker, ids, options) {
    await broker.call("dlq.setPolicy", policyParams(ids, options));
    return policiesText(await broker.call<PolicyRow[]>("dlq.policies"));
  },
  async "remove-policy"(broker, ids) {
    const [id, ...rest] = ids;
    if (id === undefined || rest.length > 0) throw new Misuse("One id is needed: dlq remove-policy <id>");
    await broker.call("dlq.removePolicy", { id });
    return policiesText(await broker.call<PolicyRow[]>("dlq.policies"));
  },
  async stats(broker) {
    return statsText(await broker.call<LetterStats>("dlq.stats"));
  },
};

export interface ListParams {
  status?: string;
  event_type?: string;
  group?: string;
  reason?: string;
  page?: string;
}

/** Without a status: the letters that wait for somebody. */
export function listParams({
  status = "pending",
  type,
  group,
  reason,
  page,
}: CommandInput["options"]): ListParams {
  const given = { status: status === "all" ? undefined : status, event_type: type, group, reason, page };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** How the letters of a retry or discard are named: by their ids, or as all open ones that match; null for neither. */
function namedBy(
  ids: string[],
  { type, group, reason }: CommandInput["options"],
): { ids: string[] } | { filter: object } | null {
  if (ids.length > 0) return { ids };
  const given = Object.entries({ event_type: type, group, reason }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length > 0 ? { filter: Object.fromEntries(given) } : null;
}

export const dlqCommand = defineCommand({
  command: "dlq [action] [ids...]",
  description: "Dead letters: list, get, retry, discard, stats, policies, set-policy, remove-policy",
  options: [
    {
      option: "--status <status>",
      description: "list: pending (if not given), scheduled, retried, discarded or all",
    },
    { option: "--type <event type>", description: "letters of this event type" },
    { option: "--group <group>", description: "letters of this group" },
    { option: "--reason <reason>", description: "letters with this reason; discard: why" },
    { option: "--by <who>", description: "discard, set-policy: who says so" },
    { option: "--topic <topic>", description: "set-policy: letters of this topic" },
    { option: "--retry <retry>", description: "set-policy: a kind, or JSON with its members" },
    { option: "--note <note>", description: "set-policy: why" },
    { option: "--page <n>", description: "list: 20 letters a page, from 1" },
  ],
  async run(broker, { operands: [name = "list", ...ids], options }) {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) throw new Misuse(`dlq ${name} is not known:\n${USAGE}`);
    return action(broker, ids, options);
  },
});
