import type { Collection } from "mongodb";
import type { Letter, LetterTtl, News, Transition } from "./letter";

/** What everything that changes letters needs. */
export interface LetterPorts {
  collection: Collection<Letter>;
  ttlDays: LetterTtl;
  now(): Date;
  /** What to write into the letter, together with the change, so that Kafka is told of it; empty where it is told nothing. */
  news(what: Transition, at: Date): News[];
  /** Tells the broker's listeners; nobody waits for them. */
  tell(what: Transition, letter: Letter): void;
  /** Says which causes have failed (again): those that somebody called resolved are open again. Never rejects. */
  reopen(fingerprints: ReadonlySet<string>): Promise<void>;
}
