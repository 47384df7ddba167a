import type { Collection } from "mongodb";
import { MongoClient } from "mongodb";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { Letter } from "../../services/dlq/letter";
import { putLetters } from "../../services/dlq/put";
import type { RedriveDetails, RedriveRow } from "../../services/dlq/redrive/status";
import { createGateway } from "../../services/runtime/gateway";
import { BY_HAND, letterInput } from "../support/dead-letters";
import { exampleOf } from "../support/traffic";
import { noOp } from "./hot-path";
import { EVENT_TYPE } from "./session/events";

const BATCH = 1_000;

export interface Redriven {
  ms: number;
  /** Resident memory of the process before the redrive, and the most that was seen during it. */
  rssBefore: number;
  rssMost: number;
}

/** So many letters of the plugin that does nothing, handed over again by one redrive, with all guarantees. */
export async function runRedrive(letters: number, configuration: Configuration): Promise<Redriven> {
  const broker = createGateway(configuration, { plugins: [noOp] });
  await broker.start();
  try {
    await fillLetters(letters, configuration);
    const rssBefore = process.memoryUsage().rss;
    let rssMost = rssBefore;
    const sampler = setInterval(() => {
      rssMost = Math.max(rssMost, process.memoryUsage().rss);
    }, 50);
    const began = performance.now();
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", {
      filter: { group: "no-op" },
      canary: false,
    });
    for (;;) {
      const params = { id, pageSize: 1 };
      const { status, counts } = await broker.call<RedriveDetails, object>("dlq.redriveStatus", params);
      if (status === "completed" && counts.delivered === letters) break;
      if (status !== "running") throw new Error(`the redrive is ${status}: ${JSON.stringify(counts)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ms = performance.now() - began;
    clearInterval(sampler);
    return { ms, rssBefore, rssMost };
  } finally {
    await broker.stop();
  }
}

async function fillLetters(letters: number, { mongo }: Configuration): Promise<void> {
  const client = await MongoClient.connect(mongo.url, { useUnifiedTopology: true });
  const collection = client.db(mongo.database).collection("dead_letters") as unknown as Collection<Letter>;
  const example = exampleOf(EVENT_TYPE);
  for (let from = 0; from < letters; from += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, letters - from) }, (_, index) => {
      const number = from + index;
      const event = { ...example, event_id: `letter-${number}`, aggregate_id: `a${number % 5_000}` };
      return letterInput(`failed|no-op|${event.event_id}`, {
        event_id: event.event_id,
        event_type: EVENT_TYPE,
        group: "no-op",
        offset: String(number),
        key: event.aggregate_id,
        raw: Buffer.from(JSON.stringify(event)),
      });
    });
    await putLetters(collection, inputs, BY_HAND);
  }
  await client.close();
}
