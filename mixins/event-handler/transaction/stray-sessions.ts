import { Binary, type ClientSession } from "mongodb";
import { isUnreachable } from "../../mongo-schema/connection-errors";
import { sessionId, type TransactionStore } from "./records";

const UUID_SUBTYPE = 4;

/** By partition: sessions whose connection was lost, and with it perhaps the word that their transaction is over. */
const strays = new Map<string, Set<string>>();

/** Ends a session, which aborts what was not committed. Where that may not have reached the server, the session is a stray. */
export async function endSession(session: ClientSession, partition: string): Promise<void> {
  const id = sessionId(session);
  const { serverSession } = session as unknown as { serverSession: { isDirty: boolean } };
  await new Promise<void>((resolve) => session.endSession(() => resolve()));
  if (!serverSession.isDirty) return;
  strays.set(partition, (strays.get(partition) ?? new Set()).add(id));
}

/** Ends the transactions of strays: until the server's own limit they would keep the keys that they have claimed from us. */
export async function endStrays({ client, database }: TransactionStore, partition: string): Promise<void> {
  const ids = strays.get(partition);
  if (!ids) return;
  const sessions = [...ids].map((id) => ({ id: new Binary(Buffer.from(id, "hex"), UUID_SUBTYPE) }));
  try {
    await client.db(database).command({ killSessions: sessions });
  } catch (error) {
    if (isUnreachable(error)) throw error;
    // Refused: the server's limit has to do.
  }
  strays.delete(partition);
}
