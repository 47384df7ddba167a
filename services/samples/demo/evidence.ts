import type { Db } from "mongodb";
import type { Letter } from "../../dlq/letter";
import type { DemoGroup } from "./groups";
import type { Committed, SentMessage } from "./kafka";

/** A dead letter of this run. */
export interface LetterSeen {
  /** `topic/partition/offset` of the message. */
  place: string;
  /** Absent for a message that was refused before any group was handed it. */
  group?: string;
  reason: string;
}

/** What can be seen of one group's work, each from another place. */
export interface GroupEvidence {
  /** Kafka: how far the group has committed. */
  committed: Committed;
  /** The plugin's own collection: ids of the events that left their effect there, as often as they did. */
  effects: string[];
  /** `idempotency_keys`: ids of the events that are known as handled; null for a group that claims nothing. */
  claimed: string[] | null;
}

export function placeOf({
  topic,
  partition,
  offset,
}: Pick<SentMessage, "topic" | "partition" | "offset">): string {
  return `${topic}/${partition}/${offset}`;
}

/** `dead_letters`: the letters of one run, known by the header that its messages carry. */
export async function lettersOf(db: Db, header: [name: string, value: string]): Promise<LetterSeen[]> {
  const letters = db.collection<Letter>("dead_letters");
  const found = await letters.find({ headers: header } as never).toArray();
  return found.map(({ original_topic: topic, partition, offset, group, reason }) => {
    return { place: placeOf({ topic, partition, offset: Number(offset) }), group, reason };
  });
}

/** `idempotency_keys`: which of the messages' events this group is known to have handled. */
export async function claimedOf(
  db: Db,
  { group, claims }: DemoGroup,
  sent: SentMessage[],
): Promise<string[] | null> {
  if (!claims) return null;
  const idOf = new Map<string, string>();
  for (const { type, eventId } of sent)
    if (eventId !== undefined) idOf.set(`${group}|${type}|${eventId}`, eventId);
  const found = await db
    .collection<{ keys: string[]; status: string }>("idempotency_keys")
    .find({ keys: { $in: [...idOf.keys()] }, status: "completed" }, { projection: { keys: 1 } })
    .toArray();
  return found.flatMap(({ keys }) => keys.flatMap((key) => idOf.get(key) ?? []));
}
