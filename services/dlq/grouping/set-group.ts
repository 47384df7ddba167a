import type { Collection } from "mongodb";
import { WeirError } from "../../../schemas/errors";
import type { Letter } from "../letter";
import type { FailureGroup, GroupStatus } from "./group";

const MAX_HISTORY = 100;

export interface SetGroup {
  fingerprint: string;
  status: GroupStatus;
  note?: string;
  by: string;
}

export interface GroupStores {
  letters: Collection<Letter>;
  groups: Collection<FailureGroup>;
}

/** Writes down what somebody says of a cause. Throws WEIR_FAILURE_GROUP_NOT_FOUND where no letter ever had it. */
export async function setGroup(
  { letters, groups }: GroupStores,
  { fingerprint, status, note, by }: SetGroup,
  at: Date,
): Promise<FailureGroup> {
  const known =
    (await letters.findOne({ fingerprint }, { projection: { _id: 1 } })) ??
    (await groups.findOne({ _id: fingerprint }, { projection: { _id: 1 } }));
  if (!known) {
    const message = `No dead letter has the fingerprint ${fingerprint}; dlq.groups shows those that have letters.`;
    throw new WeirError("WEIR_FAILURE_GROUP_NOT_FOUND", message, { fingerprint });
  }
  const said = { status, ...(note !== undefined && { note }), by, at };
  const { value } = await (groups as Collection).findOneAndUpdate(
    { _id: fingerprint },
    { $set: said, ...(note === undefined && { $unset: { note: 1 } }), $push: historyOf(said) },
    { upsert: true, returnDocument: "after" },
  );
  return value as FailureGroup;
}

/**
 * What was resolved and has failed again is open. Cheap where nothing was resolved, which is nearly always. Never rejects: what
 * is not written here, `dlq.groups` sees by the times.
 */
export async function reopen(
  groups: Collection<FailureGroup>,
  fingerprints: ReadonlySet<string>,
  at: Date,
): Promise<void> {
  if (fingerprints.size === 0) return;
  const said = { status: "open" as const, by: "weir", at, note: "failed again after it was resolved" };
  await (groups as Collection)
    .updateMany(
      { _id: { $in: [...fingerprints] }, status: "resolved" },
      { $set: said, $push: historyOf(said) },
    )
    .catch(() => undefined);
}

function historyOf(said: FailureGroup["history"][number]) {
  return { history: { $each: [said], $slice: -MAX_HISTORY } };
}
