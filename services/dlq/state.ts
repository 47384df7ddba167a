import type { Collection } from "mongodb";
import type { CollectionDeclaration } from "../../mixins/mongo-schema.mixin";

export const STATE: CollectionDeclaration = {
  collection: "dlq_state",
  description:
    "What gateways share about dead letters: who publishes, how many were retried this second, which alert is on.",
};

/** A document of `dlq_state`: a lease, a rate or an alert, by the prefix of its id. */
export interface DlqState {
  _id: string;
  owner?: string;
  until?: Date;
  /** The second that `used` counts in, since the epoch. */
  window?: number;
  used?: number;
  granted?: number;
  /** True while the threshold is passed. */
  passed?: boolean;
}

const DUPLICATE_KEY = 11_000;

/** Runs an upsert again that met another one of the same document. */
export async function upserting<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: number }).code !== DUPLICATE_KEY) throw error;
    }
  }
}

/** True for the one owner that may do what the lease is for; call it again to keep it. */
export async function holdLease(
  state: Collection<DlqState>,
  name: string,
  { owner, now, ms }: { owner: string; now: Date; ms: number },
): Promise<boolean> {
  const free = { $or: [{ until: { $lt: now } }, { owner }] };
  try {
    const until = new Date(now.getTime() + ms);
    await state.updateOne({ _id: `lease|${name}`, ...free }, { $set: { owner, until } }, { upsert: true });
    return true;
  } catch (error) {
    // Not free: the upsert would make it a second time.
    if ((error as { code?: number }).code === DUPLICATE_KEY) return false;
    throw error;
  }
}
