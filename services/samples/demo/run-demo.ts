import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { leaseClient } from "../../../mixins/mongo-schema/shared-client";
import { BUILT_IN_SCHEMAS } from "../../../schemas/catalog";
import type { Configuration } from "../../../schemas/configuration/configuration";
import type { EventEnvelope } from "../../../schemas/delivery";
import { connectPatiently } from "../../bridge/connect-patiently";
import type { ProgressView } from "../../embedded/progress";
import { silentLogger } from "../../embedded/silent-logger";
import { firstExample } from "../../repl/example";
import { claimedOf, lettersOf } from "./evidence";
import { DEMO_GROUPS, type DemoGroup, wants } from "./groups";
import { DemoKafka, type SentMessage } from "./kafka";
import { type GroupLedger, isPassed, ledgerOf } from "./ledger";
import { DemoProblem } from "./problem";
import { reportText } from "./report";
import { type StoryMessage, tellStory } from "./story";

const SEED = 8;
/** Every message of a run carries its id in this Kafka header. */
const HEADER = "weir-demo";
const SEND_AT_ONCE = 25;
const LOOK_EVERY_MS = 250;

export interface DemoOptions {
  configuration: Configuration;
  view: ProgressView;
  /** How long the groups may take, in ms. */
  limitMs: number;
  /** How long a gateway that is just starting may take, in ms. */
  startLimitMs: number;
  /** Part of every id of this run. */
  run?: string;
}

export interface DemoResult {
  ledgers: GroupLedger[];
  /** The report as it is printed. */
  text: string;
  addsUp: boolean;
}

/** Sends the demo's messages past the gateway, straight to Kafka, and finds out what became of each. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { configuration, view, limitMs, startLimitMs } = options;
  const startsUntil = AbortSignal.timeout(startLimitMs);
  const kafka = new DemoKafka(configuration);
  const mongo = leaseClient(configuration.mongo.url, silentLogger);
  try {
    const client = await reach(mongo.ready, startsUntil, "MongoDB");
    const { brokers } = configuration.kafka;
    const patience = { brokers, signal: startsUntil, logger: silentLogger };
    await reach(
      connectPatiently(() => kafka.connect(), patience),
      startsUntil,
      "Kafka",
    );
    await gatewayAtWork(kafka, startsUntil, view);
    const run = options.run ?? Date.now().toString(36);
    const sent = await send(kafka, await storyOf(run), run, view);
    await follow(kafka, sent, limitMs, view);

    const db = client.db(configuration.mongo.database);
    const letters = await lettersOf(db, [HEADER, run]);
    const ledgers: GroupLedger[] = [];
    for (const group of DEMO_GROUPS) {
      const read = sent.filter(({ type }) => wants(group, type));
      const ids = [...new Set(read.flatMap(({ eventId }) => eventId ?? []))];
      ledgers.push(
        ledgerOf(group.group, read, letters, {
          committed: await committedOf(kafka, group, read),
          effects: await group.effects(db, ids),
          claimed: await claimedOf(db, group, read),
        }),
      );
    }
    const addsUp = ledgers.every(({ contradictions }) => contradictions.length === 0);
    return { ledgers, text: reportText(ledgers, letters), addsUp };
  } finally {
    view.close();
    await Promise.allSettled([kafka.close(), mongo.release()]);
  }
}

/** Waits for a server that is just starting. Wrong credentials are told at once. */
async function reach<T>(reached: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  // Who gave up waiting is not interested in how it ends.
  reached.catch(() => undefined);
  const given = new Promise<never>((_resolve, reject) => {
    const giveUp = () =>
      reject(new DemoProblem(`${what} does not answer. Is the gateway running? Start it with npm start`));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
  return Promise.race([reached, given]);
}

/** Resolves when every group has a member. */
async function gatewayAtWork(kafka: DemoKafka, signal: AbortSignal, view: ProgressView): Promise<void> {
  const groups = DEMO_GROUPS.map(({ group }) => group);
  for (let told = false; ; told = true) {
    const idle = await kafka.idle(groups);
    if (idle.length === 0) return;
    if (signal.aborted) {
      throw new DemoProblem(
        idle.length === groups.length
          ? "Kafka and MongoDB are there, but no gateway is at work on them. Start one in another terminal: npm start"
          : `The gateway runs without ${idle.join(", ")}: the demo needs the sample plugins, which npm start brings.`,
      );
    }
    if (!told) view.line("Waiting for the gateway to be ready …");
    await delay(LOOK_EVERY_MS);
  }
}

async function storyOf(run: string): Promise<StoryMessage[]> {
  const examples = new Map<string, EventEnvelope>();
  const types = ["user.registered", "user.email_changed", "payment.captured", "payment.failed"];
  for (const type of [...types, "order.placed", "order.paid", "order.shipped", "order.cancelled"]) {
    const example = await firstExample(path.join(BUILT_IN_SCHEMAS, type, "1.0.json"));
    if (example) examples.set(type, example);
  }
  const exampleOf = (type: string): EventEnvelope => {
    const example = examples.get(type);
    if (!example) throw new DemoProblem(`The schemas hold no example of ${type}.`);
    return example;
  };
  return tellStory({ run, seed: SEED, exampleOf });
}

async function send(
  kafka: DemoKafka,
  story: StoryMessage[],
  run: string,
  view: ProgressView,
): Promise<SentMessage[]> {
  const sent: SentMessage[] = [];
  for (let at = 0; at < story.length; at += SEND_AT_ONCE) {
    sent.push(...(await kafka.send(story.slice(at, at + SEND_AT_ONCE), { [HEADER]: run })));
    view.update({ what: "Published", done: sent.length, total: story.length, unit: "messages" });
  }
  return sent;
}

/** Resolves when every group has committed past every message that it reads, or when the time is over. */
async function follow(
  kafka: DemoKafka,
  sent: SentMessage[],
  limitMs: number,
  view: ProgressView,
): Promise<void> {
  const reads = DEMO_GROUPS.map((group) => ({ group, read: sent.filter(({ type }) => wants(group, type)) }));
  const total = reads.reduce((sum, { read }) => sum + read.length, 0);
  const limit = Date.now() + limitMs;
  for (;;) {
    let done = 0;
    for (const { group, read } of reads) {
      const committed = await committedOf(kafka, group, read);
      done += read.filter((message) => isPassed(message, committed)).length;
    }
    view.update({ what: `Handled by ${reads.length} groups`, done, total, unit: "messages" });
    if (done === total || Date.now() > limit) return;
    await delay(LOOK_EVERY_MS);
  }
}

function committedOf(kafka: DemoKafka, { group }: DemoGroup, read: SentMessage[]) {
  return kafka.committed(group, [...new Set(read.map(({ topic }) => topic))]);
}
