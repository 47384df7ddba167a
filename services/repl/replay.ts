import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { DryRun } from "../events/replay/begin";
import type { ReplayView } from "../events/replay/session";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { dryRunText, replaysText, replayText } from "./replay-text";

const START =
  "replay start --group <group>[,<group>] | --topic <topic>, with --all or any of --type, --aggregate, --user, --service, --correlation, --from, --to";
const USAGE = [
  "replay [list] [--status running|paused|completed|cancelled] [--page <n>]",
  START,
  "  and --rate <events a second>, --order stored|timestamp, --once (leaves what was handled as it is), --dry-run, --by <who>",
  "replay get <id>",
  'replay pause|resume|cancel <id> [--by <who>] [--reason "<why>"]',
].join("\n");

type Options = CommandInput["options"];

const ACTIONS: Record<
  string,
  (broker: ServiceBroker, operands: string[], options: Options) => Promise<string>
> = {
  async list(broker, operands, { status, page }) {
    if (operands.length > 0) throw new Misuse(`"${operands.join(" ")}" is too much:\n${USAGE}`);
    const params = given({ status, page });
    return replaysText(await broker.call<Page<ReplayView>, object>("events.replays", params));
  },
  async start(broker, operands, options) {
    if (operands.length > 0) throw new Misuse(`"${operands.join(" ")}" is too much:\n${USAGE}`);
    const params = startParams(options);
    const begun = await broker.call<ReplayView | DryRun, object>("events.replay", params);
    return "dry_run" in begun
      ? dryRunText(begun)
      : `${replayText(begun)}\nreplay get ${begun.id} shows how far it is.`;
  },
  async get(broker, operands) {
    return replayText(
      await broker.call<ReplayView, object>("events.getReplay", { id: theId(operands, "get") }),
    );
  },
  pause: change("pause"),
  resume: change("resume"),
  cancel: change("cancel"),
};

function change(what: "pause" | "resume" | "cancel") {
  return async (broker: ServiceBroker, operands: string[], { by, reason }: Options): Promise<string> => {
    const params = { id: theId(operands, what), ...given({ by, reason }) };
    return replayText(await broker.call<ReplayView, object>(`events.${what}Replay`, params));
  };
}

/** What `events.replay` is asked for. Everything has to be asked for by name: forgetting a filter must not replay a month. */
export function startParams(options: Options): Record<string, unknown> {
  const { group, topic, type, aggregate, user, service, correlation, from, to } = options;
  const filter = given({
    event_type: type,
    aggregate_id: aggregate,
    user_id: user,
    service_name: service,
    correlation_id: correlation,
    from,
    to,
  });
  if (Object.keys(filter).length === 0 && options.all !== true) throw new Misuse(`Which events? ${START}`);
  if (group === undefined && topic === undefined && options.dryRun !== true)
    throw new Misuse(`Where to? ${START}`);
  return {
    filter,
    ...given({ topic, rate: options.rate, order: options.order, by: options.by }),
    ...(typeof group === "string" && { groups: group.split(",") }),
    ...(options.once === true && { again: false }),
    ...(options.dryRun === true && { dry_run: true }),
  };
}

function theId([id, ...rest]: string[], what: string): string {
  if (id === undefined || rest.length > 0) throw new Misuse(`One id is needed: replay ${what} <id>`);
  return id;
}

function given(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

export const replayCommand = defineCommand({
  command: "replay [action] [ids...]",
  description: "Stored events handed over again: list, start, get, pause, resume, cancel",
  options: [
    { option: "--group <groups>", description: "start: to these groups, with commas between them" },
    { option: "--topic <topic>", description: "start: to this Kafka topic instead" },
    { option: "--all", description: "start: all stored events" },
    { option: "--type <event type>", description: "start: events of this type" },
    { option: "--aggregate <id>", description: "start: events about this" },
    { option: "--user <id>", description: "start: events on behalf of this user" },
    { option: "--service <name>", description: "start: events that this service sent" },
    { option: "--correlation <id>", description: "start: events of this correlation id" },
    { option: "--from <time>", description: "start: events from this time on, such as 2026-03-02T00:00:00Z" },
    { option: "--to <time>", description: "start: events before this time" },
    { option: "--rate <n>", description: "start: events a second at most" },
    { option: "--order <order>", description: "start: stored (if not given) or timestamp" },
    { option: "--once", description: "start: leave what the group has handled as it is" },
    { option: "--dry-run", description: "start: only tell how many and which" },
    { option: "--status <status>", description: "list: running, paused, completed or cancelled" },
    { option: "--page <n>", description: "list: 20 a page, from 1" },
    { option: "--by <who>", description: "who does it, for the history" },
    { option: "--reason <why>", description: "pause, resume, cancel: why, for the history" },
  ],
  async run(broker, { operands: [name = "list", ...operands], options }) {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) throw new Misuse(`replay ${name} is not known:\n${USAGE}`);
    return action(broker, operands, options);
  },
});
