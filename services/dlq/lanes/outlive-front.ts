import { expiryOf, type Letter } from "../letter";
import type { LetterPorts } from "../ports";

/** What waits behind a letter is kept at least as long as that, which is kept anew each time it fails. */
export async function outliveFront(ports: LetterPorts, { lane, lane_offset }: Letter): Promise<void> {
  const { expires_at } = expiryOf(ports.ttlDays, ports.now());
  if (lane === undefined || expires_at === undefined) return;
  const behind = { lane, open: true, lane_offset: { $gt: lane_offset }, expires_at: { $lt: expires_at } };
  await ports.collection.updateMany(behind as object, { $set: { expires_at } });
}
