import { userInfo } from "node:os";
import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { DryRun } from "../dlq/redrive/start";
import type { RedriveDetails, RedriveRow } from "../dlq/redrive/status";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { CHOICE_OPTIONS, namedBy } from "./named-by";
import { dryRunText, redrivesText, redriveText } from "./redrive-text";

const START =
  "redrive start <id> … | --group <group> | --type <event type> | --topic <topic> | --reason <reason> | --cause <fingerprint> | --from <time> | --to <time>, and [--rate <letters a second>] [--without-canary] [--dry-run]";
const USAGE = [
  "redrive [list] [--status running|paused|completed|cancelled] [--page <n>]",
  START,
  "redrive status <id> [--result delivered|duplicate|failed|closed|gone|waiting] [--page <n>]",
  "redrive pause|resume|cancel <id>",
].join("\n");

type Action = (broker: ServiceBroker, ids: string[], options: CommandInput["options"]) => Promise<string>;

const ACTIONS: Record<string, Action> = {
  async list(broker, ids, { status, page }) {
    if (ids.length > 0) throw new Misuse(`"${ids.join(" ")}" is too much:\n${USAGE}`);
    return redrivesText(await broker.call<Page<RedriveRow>, object>("dlq.redrives", given({ status, page })));
  },
  async start(broker, ids, { rate, withoutCanary, dryRun, ...options }) {
    const named = namedBy(ids, options);
    if (!named) throw new Misuse(`Which letters? ${START}`);
    if (dryRun) {
      return dryRunText(await broker.call<DryRun, object>("dlq.redrive", { ...named, dry_run: true }));
    }
    const how = given({ rate, canary: withoutCanary ? false : undefined, by: userInfo().username });
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", { ...named, ...how });
    return `Redrive ${id} begins. redrive status ${id} shows how far it is.`;
  },
  status: (broker, ids, { result, page }) => show(broker, oneId(ids), given({ result, page })),
  pause: (broker, ids) => control(broker, "dlq.pauseRedrive", oneId(ids)),
  resume: (broker, ids) => control(broker, "dlq.resumeRedrive", oneId(ids)),
  cancel: (broker, ids) => control(broker, "dlq.cancelRedrive", oneId(ids)),
};

async function show(broker: ServiceBroker, id: string, more = {}): Promise<string> {
  return redriveText(await broker.call<RedriveDetails, object>("dlq.redriveStatus", { id, ...more }));
}

async function control(broker: ServiceBroker, action: string, id: string): Promise<string> {
  await broker.call(action, { id, by: userInfo().username });
  return show(broker, id);
}

function oneId([id, ...rest]: string[]): string {
  if (id === undefined || rest.length > 0) throw new Misuse(`One id is needed:\n${USAGE}`);
  return id;
}

function given(values: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export const redriveCommand = defineCommand({
  command: "redrive [action] [ids...]",
  description: "Many dead letters handed over again, as a job: list, start, status, pause, resume, cancel",
  options: [
    ...CHOICE_OPTIONS.map(({ option, description }) => ({ option, description: `start: ${description}` })),
    { option: "--topic <topic>", description: "start: letters of this topic" },
    { option: "--reason <reason>", description: "start: letters with this reason" },
    { option: "--rate <n>", description: "start: letters a second at most" },
    { option: "--without-canary", description: "start: do not send the first letter ahead of the others" },
    { option: "--dry-run", description: "start: only say how many letters it would be" },
    { option: "--status <status>", description: "list: running, paused, completed or cancelled" },
    { option: "--result <result>", description: "status: letters with this result" },
    { option: "--page <n>", description: "20 a page, from 1" },
  ],
  async run(broker, { operands: [name = "list", ...ids], options }) {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) throw new Misuse(`redrive ${name} is not known:\n${USAGE}`);
    return action(broker, ids, options);
  },
});
