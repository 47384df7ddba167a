import type { ObjectId } from "mongodb";
import type { BatchedResult, Redelivery } from "../../../schemas/redelivery";
import { outliveFront } from "../lanes/outlive-front";
import type { Letter, LetterHistory } from "../letter";
import { redeliveryOf } from "../retry";
import { type Behind, inTurn, outcomesBehind } from "./in-turn";
import type { LetterOutcome } from "./job";
import type { RedrivePorts } from "./ports";
import { closeLetters, giveBack, keepLetters, type Taker, takeLetters } from "./take-letters";

/** What became of some letters: by id; a letter that is not in it has to be handed over again later. */
export interface HandedOver {
  outcomes: Map<string, LetterOutcome>;
  /** Why a letter has to wait, where one has to. */
  waits?: string;
  /** True where it is not known what became of a delivery: the next one has to say that it comes after it. */
  unknown: boolean;
  /**
   * Where all letters were handled and none keeps an order, nobody waits for them to be closed: this does it, and comes before their
   * outcomes are written anywhere else. Absent where it is done.
   */
  close?: () => Promise<void>;
}

/** Takes letters, hands them over, and writes down in each that was not handled why: one way for many letters. */
export async function handOver(
  ports: RedrivePorts,
  ids: ObjectId[],
  taker: Taker & { attempt: number },
  /** Whether some of them have a lane, so that what is open decides about others. */
  ordered: boolean,
): Promise<HandedOver> {
  const { collection } = ports;
  const { turn, behind } = ordered ? await inTurn(collection, ids) : { turn: ids, behind: NONE_BEHIND };
  const taken = await takeLetters(collection, turn, taker, ports.now());
  const outcomes = new Map<string, LetterOutcome>();
  const busy = await explainMissing(ports, turn, taken, taker, outcomes);

  const whole: { letter: Letter; redelivery: Redelivery }[] = [];
  const cut: Letter[] = [];
  for (const letter of taken) {
    try {
      whole.push({ letter, redelivery: redeliveryOf(letter) });
    } catch (error) {
      const { type = "Error", message } = error as Error & { type?: string };
      outcomes.set(letter._id.toHexString(), { result: "failed", error: { type, message } });
      cut.push(letter);
    }
  }
  await giveBack(collection, cut, taker);
  const { results, unknown } = await redeliver(
    ports,
    whole.map(({ redelivery }) => redelivery),
    taker,
  );
  const settled = whole.map(({ letter }, index) => ({ letter, result: results[index] as BatchedResult }));

  const handled = { delivered: [] as Letter[], duplicate: [] as Letter[] };
  for (const { letter, result } of settled) {
    if (result.status !== "delivered" && result.status !== "duplicate") continue;
    handled[result.status].push(letter);
    outcomes.set(letter._id.toHexString(), { result: result.status });
  }
  const close = async () => {
    for (const result of ["delivered", "duplicate"] as const) {
      await closeLetters(ports, handled[result], result, taker);
    }
  };
  const mayCloseLater = !ordered && handled.delivered.length + handled.duplicate.length === ids.length;
  if (!mayCloseLater) await close();
  const failed = settled.flatMap(({ letter, result }) =>
    result.status === "failed" || result.status === "refused" ? [{ letter, result }] : [],
  );
  if (failed.length > 0) {
    const kept = await keepLetters({ ...ports, plan: await ports.planner() }, failed, taker);
    for (const [id, { error }] of kept) outcomes.set(id, { result: "failed", error });
    await Promise.all(failed.map(({ letter }) => outliveFront(ports, letter)));
    await ports.reopen(new Set([...kept.values()].map(({ fingerprint }) => fingerprint)));
  }
  const undone = settled.filter(({ result }) => result.status === "not_now");
  await giveBack(
    collection,
    undone.map(({ letter }) => letter),
    taker,
  );
  for (const [id, outcome] of outcomesBehind(behind, ids, outcomes)) outcomes.set(id, outcome);
  const [first] = undone;
  const waits = first?.result.status === "not_now" ? first.result.error.message : busy;
  return { outcomes, unknown, ...(mayCloseLater && { close }), ...(waits && { waits }) };
}

const NONE_BEHIND: Behind = new Map();

async function redeliver(
  ports: RedrivePorts,
  letters: Redelivery[],
  { job, epoch, attempt }: Taker & { attempt: number },
): Promise<{ results: BatchedResult[]; unknown: boolean }> {
  if (letters.length === 0) return { results: [], unknown: false };
  try {
    const results = await ports.redeliver({ letters, fence: { scope: job, epoch, attempt } });
    return {
      results,
      unknown: results.some((one) => one.status === "not_now" && !KNOWN.has(one.error.type)),
    };
  } catch (error) {
    const { type = "Error", message } = error as Error & { type?: string };
    return { results: letters.map(() => ({ status: "not_now", error: { type, message } })), unknown: true };
  }
}

/** Answers of `bridge.redeliverMany` after which nothing is left in anybody's hands. */
const KNOWN = new Set(["WEIR_PLUGIN_AWAY", "WEIR_PLUGIN_BUSY", "SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE"]);

/** Why letters could not be taken: closed, gone, or in somebody else's hands → why to wait, where that is so. */
async function explainMissing(
  { collection }: RedrivePorts,
  ids: ObjectId[],
  taken: Letter[],
  { job }: Taker,
  outcomes: Map<string, LetterOutcome>,
): Promise<string | undefined> {
  if (taken.length === ids.length) return undefined;
  const have = new Set(taken.map(({ _id }) => _id.toHexString()));
  const missing = ids.filter((id) => !have.has(id.toHexString()));
  const found = await collection
    .find({ _id: { $in: missing } }, { projection: { open: 1, history: 1 } })
    .toArray();
  const known = new Map(found.map((letter) => [letter._id.toHexString(), letter]));
  let busy: string | undefined;
  for (const id of missing.map((one) => one.toHexString())) {
    const letter = known.get(id);
    if (!letter) outcomes.set(id, { result: "gone" });
    else if (letter.open) busy = `dead letter ${id} is being retried by somebody else`;
    else outcomes.set(id, { result: closedBefore(letter.history, job) ?? "closed" });
  }
  return busy;
}

/** What an earlier owner of the same job had done with a letter before it died. */
function closedBefore(history: LetterHistory[], job: string): "delivered" | "duplicate" | undefined {
  const last = history.at(-1);
  return last?.action === "retried" && last.redrive === job ? last.result : undefined;
}
