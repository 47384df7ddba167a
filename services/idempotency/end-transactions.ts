import { Binary, type Db } from "mongodb";
import { ownSessions } from "../../mixins/event-handler/transaction/records";
import type { ProgressDocument } from "../../schemas/progress";

const UUID_SUBTYPE = 4;

/**
 * Ends the transactions that a partition's earlier owner may have left open: until the server's own limit they would keep the
 * documents that they wrote from everybody. Sessions of this process are spared: their owner is alive. Where the user has no
 * right to end sessions, `onRefused` is told, and the server's limit has to do.
 */
export async function endOpenTransactions(
  db: Db,
  progressId: string,
  onRefused: (error: Error) => void,
): Promise<void> {
  const progress = db.collection<ProgressDocument>("progress");
  const left = await progress.findOne({ _id: progressId }, { projection: { sessions: 1 } });
  const ids = (left?.sessions ?? []).filter((id) => !ownSessions().has(id));
  if (ids.length === 0) return;
  const sessions = ids.map((id) => ({ id: new Binary(Buffer.from(id, "hex"), UUID_SUBTYPE) }));
  await db.command({ killSessions: sessions }).catch(onRefused);
  await progress.updateOne({ _id: progressId }, { $pullAll: { sessions: ids } });
}
