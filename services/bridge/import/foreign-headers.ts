import { isUtf8 } from "node:buffer";
import type { IHeaders, KafkaMessage } from "kafkajs";
import { TOPIC } from "../../../schemas/query-params";

/** Characters of a group's name; Kafka allows fewer. */
const MAX_NAME = 1_024;

/** Where a message of a Kafka dead letter topic came from, as far as its headers tell. */
export interface ForeignOrigin {
  topic?: string;
  partition?: number;
  offset?: string;
  /** The consumer group that failed. */
  groupId?: string;
  error: { type?: string; message?: string; stack?: string };
  attempts?: number;
  /** The plugin's group, where a gateway's mirror topic names it by itself. */
  group?: string;
  /** All other headers: those of the message itself. */
  headers: IHeaders;
}

/** What a gateway's mirror topic (WEIR_DLQ_MIRROR_TOPIC) has beside the headers of Kafka's own. */
const MIRROR = { letter: "weir-letter", type: "weir-error-type", reason: "weir-reason" };

/** The names that one way of dead-lettering uses; what stands first in a list is looked for first. */
interface Scheme {
  prefix: string;
  topic: string;
  partition: string;
  offset: string;
  groupId?: string;
  type?: string;
  message: string;
  stack?: string;
  attempts?: string;
}

const SCHEMES: Scheme[] = [
  // Kafka's own, of share groups (KIP-1191).
  {
    prefix: "__dlq.errors.",
    topic: "topic",
    partition: "partition",
    offset: "offset",
    groupId: "group",
    message: "message",
    attempts: "delivery.count",
  },
  // Kafka Streams (KIP-1034).
  {
    prefix: "__streams.errors.",
    topic: "topic",
    partition: "partition",
    offset: "offset",
    type: "exception",
    message: "message",
    stack: "stacktrace",
  },
  {
    prefix: "__connect.errors.",
    topic: "topic",
    partition: "partition",
    offset: "offset",
    type: "exception.class.name",
    message: "exception.message",
    stack: "exception.stacktrace",
  },
  // Spring for Apache Kafka.
  {
    prefix: "kafka_dlt-",
    topic: "original-topic",
    partition: "original-partition",
    offset: "original-offset",
    groupId: "original-consumer-group",
    type: "exception-fqcn",
    message: "exception-message",
    stack: "exception-stacktrace",
  },
];

/** Reads the headers of the first way of dead-lettering that the message has any of. */
export function originOf({ headers = {} }: Pick<KafkaMessage, "headers">): ForeignOrigin {
  const names = Object.keys(headers);
  const scheme = SCHEMES.find(({ prefix }) => names.some((name) => name.startsWith(prefix)));
  const mirrored = headers[MIRROR.letter] !== undefined;
  const added = mirrored ? Object.values(MIRROR) : [];
  const own = names.filter(
    (name) => !SCHEMES.some(({ prefix }) => name.startsWith(prefix)) && !added.includes(name),
  );
  const rest = Object.fromEntries(own.map((name) => [name, headers[name]]));
  if (!scheme) return { error: {}, headers: rest };
  // A message that failed more than once has a header several times: it came from the first, and failed last of the last.
  const first = (name?: string) => valuesOf(headers, scheme, name).at(0);
  const last = (name?: string) => valuesOf(headers, scheme, name).at(-1);
  const partition = numberOf(first(scheme.partition));
  const attempts = numberOf(last(scheme.attempts));
  const groupId = textOf(first(scheme.groupId))?.slice(0, MAX_NAME);
  const type = mirrored ? textOf(buffersOf(headers[MIRROR.type]).at(-1)) : textOf(last(scheme.type));
  return {
    ...defined({
      topic: topicIn(textOf(first(scheme.topic))),
      partition: partition === undefined ? undefined : Number(partition),
      offset: numberOf(first(scheme.offset)),
      ...(mirrored ? { group: groupId } : { groupId }),
      attempts: attempts === undefined ? undefined : Number(attempts),
    }),
    error: defined({
      type,
      message: textOf(last(scheme.message)),
      stack: textOf(last(scheme.stack)),
    }),
    headers: rest,
  };
}

function valuesOf(headers: IHeaders, { prefix }: Scheme, name?: string): Buffer[] {
  return name === undefined ? [] : buffersOf(headers[prefix + name]);
}

function buffersOf(value: IHeaders[string]): Buffer[] {
  return [value].flat().flatMap((one) => (one === undefined || one === null ? [] : [Buffer.from(one)]));
}

function textOf(value: Buffer | undefined): string | undefined {
  return value && value.length > 0 && isUtf8(value) ? value.toString("utf8") : undefined;
}

/** What cannot be a topic's name tells nothing. */
function topicIn(text: string | undefined): string | undefined {
  return text !== undefined && TOPIC.pattern.test(text) ? text : undefined;
}

/** Numbers come as text, or, from Spring, as 4 or 8 bytes. */
function numberOf(value: Buffer | undefined): string | undefined {
  const text = value?.toString("latin1") ?? "";
  if (/^\d{1,19}$/.test(text)) return text;
  if (value?.length === 4) return String(value.readInt32BE());
  if (value?.length === 8) return String(value.readBigInt64BE());
  return undefined;
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
