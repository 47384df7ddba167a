import type { Logger } from "moleculer";
import type { BatchedResult, RedeliveryBatch } from "../../../schemas/redelivery";
import type { Letter, LetterTtl } from "../letter";
import type { SelectPorts } from "./select-letters";

/** What running a redrive needs of the world. */
export interface RedrivePorts extends SelectPorts {
  redeliver(batch: RedeliveryBatch): Promise<BatchedResult[]>;
  /** Told of letters that a redrive has closed. */
  retried(letter: Letter): void;
  /** Told which kinds of failure came up again. */
  failedAgain(fingerprints: Set<string>): Promise<void>;
  ttlDays: LetterTtl;
  clock: Clock;
  logger: Pick<Logger, "info" | "warn" | "error">;
  /** What one delivery may carry. */
  limits: { maxMessages: number; maxBytes: number };
}

export interface Clock {
  now(): Date;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}
