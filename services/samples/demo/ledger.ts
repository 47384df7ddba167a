import type { GroupEvidence, LetterSeen } from "./evidence";
import { placeOf } from "./evidence";
import type { Committed, SentMessage } from "./kafka";

/** What became of the messages that one group reads. */
export interface GroupLedger {
  group: string;
  /** Messages sent to the topics of the types it asks for. */
  produced: number;
  /** Events that took effect. */
  delivered: number;
  /** Further copies of delivered events: passed by the group, without a letter and without a second effect. */
  duplicates: number;
  /** Messages with a dead letter of this group. */
  failed: number;
  /** Messages with a dead letter that were handed to no group. */
  refused: number;
  /** Messages that the group's committed offset has not passed. */
  waiting: number;
  /** What the evidence contradicts, in words; empty when the numbers add up. */
  contradictions: string[];
}

/** Holds the sent messages of one group against every trace that they left. */
export function ledgerOf(
  group: string,
  sent: SentMessage[],
  letters: LetterSeen[],
  { committed, effects, claimed }: GroupEvidence,
): GroupLedger {
  const passed = sent.filter((message) => isPassed(message, committed));
  const lettersAt = Map.groupBy(letters, ({ place }) => place);
  const failed = sent.filter((message) =>
    lettersAt.get(placeOf(message))?.some((letter) => letter.group === group),
  );
  const refused = sent.filter((message) =>
    lettersAt.get(placeOf(message))?.some((letter) => letter.group === undefined),
  );
  const ids = new Set(sent.flatMap(({ eventId }) => eventId ?? []));
  const effective = effects.filter((id) => ids.has(id));
  const delivered = new Set(effective);
  const ended = new Set([...failed, ...refused]);
  const copies = passed.filter(({ eventId }) => eventId !== undefined && delivered.has(eventId));
  const duplicates = copies.filter((message) => !ended.has(message)).length - delivered.size;

  const ledger = {
    group,
    produced: sent.length,
    delivered: delivered.size,
    duplicates,
    failed: failed.length,
    refused: refused.length,
    waiting: sent.length - passed.length,
  };
  return { ...ledger, contradictions: contradictionsIn(ledger, effective, claimed) };
}

export function isPassed({ topic, partition, offset }: SentMessage, committed: Committed): boolean {
  return offset < (committed.get(`${topic}/${partition}`) ?? -1);
}

function contradictionsIn(
  { group, produced, delivered, duplicates, failed, refused, waiting }: Omit<GroupLedger, "contradictions">,
  effective: string[],
  claimed: string[] | null,
): string[] {
  const found: string[] = [];
  const sum = delivered + duplicates + failed + refused;
  if (waiting > 0)
    found.push(`${group}: ${waiting} messages wait: its committed offsets have not passed them`);
  if (sum + waiting !== produced)
    found.push(`${group}: ${produced} were produced, ${sum + waiting} are accounted for`);
  if (effective.length !== delivered)
    found.push(`${group}: ${effective.length - delivered} events took effect more than once`);
  // A claim that is settled a moment later than an effect is seen belongs to a message that still waits.
  if (claimed !== null && waiting === 0 && new Set(claimed).size !== delivered)
    found.push(
      `${group}: ${delivered} events took effect, but ${new Set(claimed).size} are known as handled`,
    );
  return found;
}
