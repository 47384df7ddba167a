import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MongoClient } from "mongodb";
import { BUILT_IN_SCHEMAS } from "../../../schemas/catalog";
import type { Configuration } from "../../../schemas/configuration/configuration";
import type { EventEnvelope } from "../../../schemas/delivery";
import type { ProgressView } from "../../embedded/progress";
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
  const { url, database } = configuration.mongo;
  const kafka = new DemoKafka(configuration);
  const mongo = new MongoClient(url, { useUnifiedTopology: true, serverSelectionTimeoutMS: 5_000 });
  try {
    await Promise.all([reach("Kafka", kafka.connect()), reach("MongoDB", mongo.connect())]);
    await gatewayAtWork(kafka, startLimitMs, view);
    const run = options.run ?? Date.now().toString(36);
    const sent = await send(kafka, await storyOf(run), run, view);
    await follow(kafka, sent, limitMs, view);

    const db = mongo.db(database);
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
    await Promise.allSettled([kafka.close(), mongo.close()]);
  }
}

async function reach(what: string, connected: Promise<unknown>): Promise<void> {
  await connected.catch((error: Error) => {
    throw new DemoProblem(
      `${what} does not answer: ${error.message}. Is the gateway running? Start it with npm start`,
    );
  });
}

/** Resolves when every group has a member. */
async function gatewayAtWork(kafka: DemoKafka, limitMs: number, view: ProgressView): Promise<void> {
  const groups = DEMO_GROUPS.map(({ group }) => group);
  const limit = Date.now() + limitMs;
  for (let told = false; ; told = true) {
    const idle = await kafka.idle(groups);
    if (idle.length === 0) return;
    if (Date.now() > limit) {
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
