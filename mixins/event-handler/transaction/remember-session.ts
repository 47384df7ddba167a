import type { ClientSession } from "mongodb";
import { progressKey } from "../../../schemas/progress";
import type { ChunkRun } from "../chunk-run";
import { ownSessions, progressOf, sessionId, type TransactionStore } from "./records";

/** Partition and epoch → the sessions that its progress already names. */
const named = new Map<string, Set<string>>();

/**
 * Writes the session's id into the partition's progress before its first transaction there: whoever owns the partition next
 * can then end a transaction that a dead owner left open. A partition's attempts share a few ids, so this is rarely a write.
 */
export async function rememberSession(
  run: ChunkRun,
  store: TransactionStore,
  session: ClientSession,
): Promise<void> {
  const { group, topic, partition, epoch } = run.request;
  const id = sessionId(session);
  ownSessions().add(id);
  if (partition < 0) return;
  const _id = progressKey(group, topic, partition);
  const at = `${store.database}|${_id}|${epoch}`;
  const known = named.get(at) ?? new Set();
  if (known.has(id)) return;
  await progressOf(store).updateOne({ _id, epoch }, { $addToSet: { sessions: id } });
  named.set(at, known.add(id));
}
