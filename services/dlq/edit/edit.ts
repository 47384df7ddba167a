import { randomUUID } from "node:crypto";
import { Errors } from "moleculer";
import type { Binary, Collection } from "mongodb";
import type { Catalog } from "../../../schemas/catalog";
import type { Configuration } from "../../../schemas/configuration/configuration";
import { readMessage } from "../../bridge/read-message";
import { topicOf } from "../../bridge/topics";
import { claimLetter, letterBusy, releaseLetter, settleLetter } from "../claim";
import { MAX_RAW_BYTES } from "../fit";
import type { Letter } from "../letter";

export interface EditPorts {
  collection: Collection<Letter>;
  catalog: Catalog;
  topics: Configuration["topics"];
}

export interface EditRequest {
  id: string;
  raw?: string;
  event?: object;
  by: string;
  note: string;
}

/** A letter is one document, and each version a part of it. */
const MOST_VERSIONS = 20;

/**
 * Puts another message into an open letter; the one before, and so the first of all, is kept. What is not a valid event, or
 * goes another way than the letter's own, is a ValidationError; other errors are those of `claimLetter`.
 */
export async function editLetter(
  { collection, catalog, topics }: EditPorts,
  request: EditRequest,
  at: Date,
): Promise<void> {
  const { id, by, note } = request;
  const raw = bytesOf(request);
  const event = validEvent(raw, catalog);
  const letter = await claimLetter(collection, id, randomUUID(), at);
  try {
    assertSameWay(letter, event.event_type, topics);
    assertFits(letter, raw);
  } catch (error) {
    await releaseLetter(collection, letter);
    throw error;
  }
  const { event_id, event_type } = event;
  const before = {
    raw: letter.raw,
    event_id: letter.event_id,
    event_type: letter.event_type,
    replaced_at: at,
    by,
  };
  const cut = letter.cut?.filter((member) => member !== "raw");
  const changes: Partial<Letter> = {
    raw: raw as unknown as Binary,
    raw_bytes: raw.length,
    event_id,
    event_type,
    versions: [...(letter.versions ?? []), before],
    ...(cut && { cut }),
    // What is retried by itself keeps its time.
    ...(letter.next_retry_at && { next_retry_at: letter.next_retry_at }),
  };
  const entry = { at, action: "edited" as const, by, note };
  if (!(await settleLetter(collection, letter, changes, [entry]))) throw letterBusy(id, letter.status);
}

function bytesOf({ raw, event }: EditRequest): Buffer {
  if ((raw === undefined) === (event === undefined))
    throw invalid("Exactly one of `raw` and `event` is needed: the message as text, or as an object.");
  try {
    return Buffer.from(raw ?? JSON.stringify(event));
  } catch (error) {
    throw invalid(`The edited event cannot be written as JSON: ${(error as Error).message}`);
  }
}

function validEvent(raw: Buffer, catalog: Catalog) {
  const { event, refusal } = readMessage(raw, catalog);
  if (event) return event;
  const { message, details } = refusal.error;
  throw new Errors.ValidationError(
    `The edited message is refused as ${refusal.reason}: ${message}`,
    "WEIR_EVENT_INVALID",
    {
      reason: refusal.reason,
      ...details,
    },
  );
}

/** An edited event goes where the letter would have gone: nobody there waits for another type. */
function assertSameWay(letter: Letter, eventType: string, topics: EditPorts["topics"]): void {
  if (letter.group !== undefined && letter.event_type !== undefined && letter.event_type !== eventType)
    throw invalid(
      `Group ${letter.group} failed an event of type ${letter.event_type}; the edited one is of type ${eventType}, which is another matter. Publish it instead.`,
    );
  if (letter.group === undefined && topicOf(topics, eventType) !== letter.original_topic)
    throw invalid(
      `The letter goes back to topic ${letter.original_topic}, where no group looks for ${eventType}. Publish the edited event instead.`,
    );
}

function assertFits(letter: Letter, raw: Buffer): void {
  const versions = letter.versions ?? [];
  if (versions.length >= MOST_VERSIONS)
    throw invalid(`The letter was edited ${MOST_VERSIONS} times: discard it, and publish the event instead.`);
  const kept = versions.reduce((sum, version) => sum + (version.raw?.length() ?? 0), letter.raw_bytes);
  if (kept + raw.length > MAX_RAW_BYTES)
    throw invalid(
      `All versions of a letter together may have ${MAX_RAW_BYTES} bytes, and this would make ${kept + raw.length}: discard it, and publish the event instead.`,
    );
}

function invalid(message: string): Error {
  return new Errors.ValidationError(message, "VALIDATION_ERROR", [{ type: "edit", field: "raw", message }]);
}
