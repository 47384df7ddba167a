import { randomUUID } from "node:crypto";
import { Errors } from "moleculer";
import type { Catalog } from "../../schemas/catalog";
import type { Configuration } from "../../schemas/configuration/configuration";
import { WeirError, WeirRetryableError } from "../../schemas/errors";
import type { EventProducer, OutgoingMessage, SentMessage } from "../kafka/event-producer";
import { written } from "./storable";
import { topicOf } from "./topics";

/** What a caller gives; the rest of the envelope is filled in. */
export interface PublishRequest {
  event_type: string;
  payload: Record<string, unknown>;
  event_id?: string;
  event_version?: string;
  timestamp?: string;
  aggregate_id?: string;
  /** The Kafka key: events of one key stay in order. The aggregate's id by default. */
  key?: string;
  metadata?: Record<string, unknown>;
  headers?: Record<string, string>;
}

export interface Published extends SentMessage {
  event_id: string;
}

export interface PublishPorts {
  catalog: Catalog;
  topics: Configuration["topics"];
  producer: EventProducer;
  now(): Date;
}

/** Who publishes, for the metadata of events whose caller names nobody. */
export interface Publisher {
  service_name: string;
  service_version: string;
}

/** Validates all events, then sends them in one go → where each is. Nothing is sent when one of them is invalid. */
export async function publish(
  ports: PublishPorts,
  publisher: Publisher,
  requests: readonly PublishRequest[],
): Promise<Published[]> {
  const outgoing = requests.map((request, index) => outgoingOf(ports, publisher, request, index));
  try {
    const sent = await ports.producer.send(outgoing.map(({ message }) => message));
    return sent.map((place, index) => ({ event_id: outgoing[index]?.event_id ?? "", ...place }));
  } catch (error) {
    throw sendError(error);
  }
}

function outgoingOf(
  { catalog, topics, now }: PublishPorts,
  publisher: Publisher,
  request: PublishRequest,
  index: number,
): { event_id: string; message: OutgoingMessage } {
  const event = {
    event_id: request.event_id ?? randomUUID(),
    event_type: request.event_type,
    event_version: request.event_version ?? catalog.get(request.event_type)?.event_version ?? "1.0",
    timestamp: request.timestamp ?? now().toISOString(),
    ...(request.aggregate_id !== undefined && { aggregate_id: request.aggregate_id }),
    metadata: { ...publisher, ...request.metadata },
    payload: request.payload,
  };
  const checked = catalog.validate(event);
  const { value, unstorable } = checked.valid ? written(event) : { value: "", unstorable: null };
  if (!checked.valid || unstorable) {
    const errors = checked.valid ? [{ path: "", message: unstorable, keyword: "storable" }] : checked.errors;
    const what = errors.map(({ path, message }) => `${path || "/"} ${message}`).join("; ");
    throw new Errors.ValidationError(
      `Event ${index} (${request.event_type}) is not valid: ${what}`,
      "WEIR_EVENT_INVALID",
      {
        index,
        event_type: request.event_type,
        errors,
      },
    );
  }
  const topic = topicOf(topics, event.event_type);
  const key = request.key ?? request.aggregate_id ?? null;
  return { event_id: event.event_id, message: { topic, key, value, headers: request.headers } };
}

/** What `bridge.publish` and its like say when Kafka has not taken something. */
export function sendError(error: unknown): Error {
  const { type, message } = error as { type?: string; message?: string };
  if (
    type === "MESSAGE_TOO_LARGE" ||
    /MESSAGE_TOO_LARGE|larger than the max message size/.test(message ?? "")
  ) {
    return new WeirError(
      "WEIR_EVENT_TOO_LARGE",
      `Kafka refused the event as too large: ${message}. Send a smaller one, or raise max.message.bytes of its topic.`,
    );
  }
  return new WeirRetryableError(
    "WEIR_KAFKA_UNAVAILABLE",
    `Kafka did not acknowledge the event: ${message ?? String(error)}. Whether it is stored is not known; publishing it again with the same event_id is safe.`,
  );
}
