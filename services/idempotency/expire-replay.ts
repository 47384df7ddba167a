import type { Collection } from "mongodb";
import type { ClaimDocument } from "../../schemas/claims";
import { replayName } from "../../schemas/replay";

/** Long enough for a gateway that was frozen in the middle of a chunk to find on waking that the chunk was handled. */
const KEPT_AFTER_END_MS = 3_600_000;

/** Lets the keys of a replay that has ended expire → how many claims. */
export async function expireReplay(
  claims: Collection<ClaimDocument>,
  { replay, groups }: { replay: string; groups: string[] },
  now: Date,
): Promise<{ claims: number }> {
  const expires_at = new Date(now.getTime() + KEPT_AFTER_END_MS);
  const { matchedCount } = await claims.updateMany(
    {
      group: { $in: groups },
      "by.topic": replayName(replay),
      status: "completed",
      expires_at: { $gt: expires_at },
    },
    { $set: { expires_at } },
  );
  return { claims: matchedCount };
}
