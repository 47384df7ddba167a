import type { KafkaMessage } from "kafkajs";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { DeliverItem, DeliverRequest, DeliverResponse, Outcome } from "../../schemas/delivery";
import type { PartitionBatch } from "../kafka/partition-batch";
import { failureLetter, refusalLetter } from "./letters";
import { headersOf, keyOf } from "./message-parts";
import type { Place } from "./message-reader";
import { type Fate, OFFSET_ACTION, passable } from "./offset-action";
import type { Ownership } from "./ownership";
import type { ReadMessage } from "./read-message";
import { laneOfLetter } from "./strict-order";

/** What one group's way needs of the world. */
export interface PathPorts {
  group: string;
  /** Never throws. */
  read(message: KafkaMessage, place: Place): ReadMessage;
  wants(eventType: string): boolean;
  deadLettersRefused: boolean;
  /** Absent for a group without handlers that keep order strictly. */
  keepsOrder?(eventType: string): boolean;
  /** Calls the plugin; rejects when it cannot be reached or could not claim or settle. */
  deliver(request: DeliverRequest): Promise<DeliverResponse>;
  /** Resolves when every letter is stored. */
  deadLetter(letters: DeadLetterInput[]): Promise<void>;
  now(): Date;
}

/** What became of a chunk: how many of its messages the offset has passed, and why it stopped there if it did. */
export interface ChunkReport {
  /** Per message that the committed offset has passed. */
  passed: Fate[];
  /** Why the rest is to be asked for again; absent where there is no rest. */
  held?: {
    fate: Fate;
    reason?: string;
    /** The highest offset behind the stop that a handler was at already; absent for none. */
    handledTo?: number;
  };
}

/** One message with what is known of it on its way. */
interface Read {
  message: KafkaMessage;
  read: ReadMessage;
  /** Only of what was handed to the plugin. */
  outcome?: Outcome;
}

/**
 * The whole way of the messages `from` … `to` (exclusive) of a batch, for one group:
 * decode and validate → deliver → dead-letter → commit. The offset moves last, and only over what is durable.
 */
export async function takeChunk(
  ports: PathPorts,
  owned: Ownership,
  batch: PartitionBatch,
  [from, to]: [number, number],
): Promise<ChunkReport> {
  // Nothing holds the events any more when Kafka is waited for: most of them are then gone before the collector moves them.
  const report = await makeDurable(ports, owned, batch, [from, to]);
  const count = report.passed.length;
  if (count > 0) await batch.commitThrough(from + count - 1, owned.metadata);
  return report;
}

/** The same up to the commit: what is reported as passed is durable. */
async function makeDurable(
  ports: PathPorts,
  owned: Ownership,
  batch: PartitionBatch,
  [from, to]: [number, number],
): Promise<ChunkReport> {
  const chunk = readChunk(ports, batch, from, to);
  const wanted = chunk.filter(
    ({ message, read }) =>
      read.event && ports.wants(read.event.event_type) && Number(message.offset) >= owned.next,
  );
  const outcomes = wanted.length > 0 ? await ports.deliver(requestOf(ports, owned, wanted)) : [];
  wanted.forEach((entry, index) => {
    entry.outcome = outcomes[index] ?? MISSING;
  });

  const fates = chunk.map((entry) => fateOf(ports, owned, entry));
  const count = passable(fates);

  const letters: DeadLetterInput[] = [];
  for (const entry of chunk.slice(0, count)) {
    const letter = letterOf(ports, owned, entry);
    if (letter) letters.push(letter);
  }
  if (letters.length > 0) await ports.deadLetter(letters);

  const passed = fates.slice(0, count);
  const stop = fates[count];
  if (stop === undefined) return { passed };
  const reason = chunk[count]?.outcome;
  const handled = chunk.findLast((_, index) => index > count && WAS_HANDLED.has(fates[index]));
  return {
    passed,
    held: {
      fate: stop,
      reason: reason?.status === "not_started" ? reason.reason : undefined,
      handledTo: handled && Number(handled.message.offset),
    },
  };
}

function readChunk(ports: PathPorts, batch: PartitionBatch, from: number, to: number): Read[] {
  const { topic, partition } = batch;
  return batch.messages.slice(from, to).map((message) => ({
    message,
    read: ports.read(message, { topic, partition }),
    outcome: undefined,
  }));
}

const WAS_HANDLED = new Set<Fate | undefined>(["completed", "failed"]);

/** A plugin's node that answers with too few outcomes has not said what became of the rest. */
const MISSING: Outcome = {
  status: "not_started",
  reason: "the plugin answered with fewer outcomes than events",
};

function requestOf({ group, keepsOrder }: PathPorts, owned: Ownership, wanted: Read[]): DeliverRequest {
  const { topic, partition, epoch, attempt, redeliveredTo } = owned;
  const items: DeliverItem[] = [];
  for (const { message, read } of wanted) {
    if (!read.event) continue;
    const redelivered = Number(message.offset) <= redeliveredTo;
    const { offset } = message;
    const delivery = { offset, key: keyOf(message), headers: headersOf(message), redelivered };
    items.push({ event: read.event, delivery });
  }
  return { group, topic, partition, epoch, attempt, ...(keepsOrder && { park: true }), items };
}

function fateOf(ports: PathPorts, owned: Ownership, { message, read, outcome }: Read): Fate {
  if (read.refusal) return ports.deadLettersRefused ? "refused" : "passed_over";
  if (!ports.wants(read.event.event_type)) return "passed_over";
  if (!outcome) return Number(message.offset) < owned.next ? "duplicate" : "not_started";
  return outcome.status in OFFSET_ACTION ? outcome.status : "not_started";
}

function letterOf(
  ports: PathPorts,
  owned: Ownership,
  { message, read, outcome }: Read,
): DeadLetterInput | null {
  if (read.refusal) {
    return ports.deadLettersRefused ? refusalLetter(owned, message, read.refusal, ports.now()) : null;
  }
  if (outcome?.status !== "failed") return null;
  const letter = failureLetter(owned, message, read.event, ports.group, outcome, ports.now());
  if (!ports.keepsOrder?.(read.event.event_type)) return letter;
  return { ...letter, ...laneOfLetter(ports.group, { ...owned, key: letter.key }, outcome) };
}
