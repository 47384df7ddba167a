import { userInfo } from "node:os";
import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { GroupRow } from "../dlq/grouping/list-groups";
import type { ItemResult } from "../dlq/item-result";
import type { PolicyRow } from "../dlq/policies/stored-policies";
import type { LetterStats } from "../dlq/stats";
import type { LetterDetails, LetterRow } from "../dlq/view";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { groupsText } from "./dlq-groups-text";
import { MESSAGE_ACTIONS, MESSAGE_USAGE } from "./dlq-messages";
import { POLICY_USAGE, policiesText, policyParams } from "./dlq-policies";
import { letterText, listText, resultsText, statsText } from "./dlq-text";
import { CHOICE_OPTIONS, type Choice, choiceOf, namedBy } from "./named-by";

const CHOICE =
  "--group <group> | --type <event type> | --topic <topic> | --cause <fingerprint> | --from <time> | --to <time>";
const RETRY = `dlq retry <id> … | --reason <reason> | ${CHOICE}`;
const DISCARD = `dlq discard <id> … | ${CHOICE}, and --reason "<why>" --by <who>`;
const SET_GROUP =
  'dlq set-group <cause> --status acknowledged|resolved|ignored|open [--note "<why>"] [--by <who>]';
const USAGE = [
  "dlq [list] [--status pending|scheduled|retried|discarded|all] [--reason <reason>] [the choice of retry] [--page <n>]",
  "dlq get <id>",
  RETRY,
  DISCARD,
  "dlq groups [--status open|acknowledged|resolved|ignored] [--reason <reason>] [the choice of retry] [--page <n>]",
  SET_GROUP,
  "dlq stats",
  ...POLICY_USAGE,
  ...MESSAGE_USAGE,
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
  async groups(broker, ids, { status, page, ...options }) {
    const { filter } = { filter: undefined, ...namedBy([], options) };
    const params = given({ filter, status, page });
    if (ids.length > 0) throw new Misuse(`"${ids.join(" ")}" is too much:\n${USAGE}`);
    return groupsText(await broker.call<Page<GroupRow>, object>("dlq.groups", params));
  },
  async "set-group"(broker, [fingerprint, ...rest], { status, note, by = userInfo().username }) {
    if (!fingerprint || rest.length > 0 || !status)
      throw new Misuse(`A cause and a status are needed: ${SET_GROUP}`);
    await broker.call("dlq.setGroup", { fingerprint, by, ...given({ status, note }) });
    return `${fingerprint} is ${status}.`;
  },
  async stats(broker) {
    return statsText(await broker.call<LetterStats>("dlq.stats"));
  },
  ...MESSAGE_ACTIONS,
};

export type ListParams = Choice & { status?: string; page?: string };

/** Without a status: the letters that wait for somebody. */
export function listParams({ status = "pending", page, ...options }: CommandInput["options"]): ListParams {
  return given({ status: status === "all" ? undefined : status, ...choiceOf(options), page });
}

function given(values: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export const dlqCommand = defineCommand({
  command: "dlq [action] [ids...]",
  description:
    "Dead letters: list, get, retry, discard, groups, set-group, policies, set-policy, remove-policy, stats, import, edit",
  options: [
    {
      option: "--status <status>",
      description:
        "list: pending (if not given), scheduled, retried, discarded or all; groups: open, acknowledged, resolved or ignored",
    },
    ...CHOICE_OPTIONS,
    { option: "--reason <reason>", description: "letters with this reason; discard: why" },
    { option: "--by <who>", description: "discard, edit, set-group, set-policy: who says so" },
    {
      option: "--topic <topic>",
      description: "letters of this topic; import: where the messages came from",
    },
    { option: "--retry <retry>", description: "set-policy: a kind, or JSON with its members" },
    { option: "--note <text>", description: "edit, set-group, set-policy: why" },
    { option: "--event <json>", description: "edit: the whole event, between '…'" },
    { option: "--page <n>", description: "list: 20 letters a page, from 1" },
  ],
  async run(broker, { operands: [name = "list", ...ids], options }) {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) throw new Misuse(`dlq ${name} is not known:\n${USAGE}`);
    return action(broker, ids, options);
  },
});
