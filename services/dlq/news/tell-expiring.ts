import type { FilterQuery } from "mongodb";
import type { Letter } from "../letter";
import type { LetterPorts } from "../ports";
import { HIDDEN_IN_ROWS } from "../view";

const DAY_MS = 86_400_000;

/** Tells of open letters that are gone in a day, each once: whoever marks it tells. */
export async function tellExpiring({ collection, now, news, tell }: LetterPorts): Promise<void> {
  const at = now();
  const expiring: FilterQuery<Letter> = {
    open: true,
    expires_at: { $gt: at, $lte: new Date(at.getTime() + DAY_MS) },
    expiring_told: { $exists: false },
  };
  const told = news("expiring", at);
  const update = {
    $set: { expiring_told: at },
    ...(told.length > 0 && { $push: { news: { $each: told } } }),
  };
  for (;;) {
    const { value } = await collection.findOneAndUpdate(expiring, update as object, {
      projection: HIDDEN_IN_ROWS,
    });
    if (!value) return;
    tell("expiring", value);
  }
}
