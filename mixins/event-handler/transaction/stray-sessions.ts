import { Binary, type ClientSession } from "mongodb";
import { isUnreachable } from "../../mongo-schema/connection-errors";
import { sessionId, type TransactionStore } from "./records";

const UUID_SUBTYPE = 4;

/** By database and partition: sessions whose connection was lost, and with it perhaps the word that their transaction is over. */
const strays = new Map<string, Set<string>>();

/** Ends a session, which aborts what was not committed. Where that may not have reached the server, the session is a stray. */
export async function endSession(
  { database }: TransactionStore,
  session: ClientSession,
  partition: string,
): Promise<void> {
  const id = sessionId(session);
  const { serverSession } = session as unknown as { serverSession: { isDirty: boolean } };
  await new Promise<void>((resolve) => session.endSession(() => resolve()));
  if (!serverSession.isDirty) return;
  const place = `${database}|${partition}`;
  strays.set(place, (strays.get(place) ?? new Set()).add(id));
}

/** Ends the transactions of strays: until the server's own limit they would keep the keys that they have claimed from us. */
export async function endStrays({ client, database }: TransactionStore, partition: string): Promise<void> {
  const place = `${database}|${partition}`;
  const ids = strays.get(place);
  if (!ids) return;
  const ended = [...ids];
  const sessions = ended.map((id) => ({ id: new Binary(Buffer.from(id, "hex"), UUID_SUBTYPE) }));
  try {
    await client.db(database).command({ killSessions: sessions });
  } catch (error) {
    if (isUnreachable(error)) throw error;
    // Refused: the server's limit has to do.
  }
  // Others may have come meanwhile.
  for (const id of ended) ids.delete(id);
  if (ids.size === 0) strays.delete(place);
}
