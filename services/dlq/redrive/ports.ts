import type { Logger } from "moleculer";
import type { BatchedResult, RedeliveryBatch } from "../../../schemas/redelivery";
import type { LetterPorts } from "../ports";
import type { OutcomePorts } from "../retry";
import type { SelectPorts } from "./select-letters";

/** What running a redrive needs of the world. */
export interface RedrivePorts extends SelectPorts, LetterPorts, Clock {
  redeliver(batch: RedeliveryBatch): Promise<BatchedResult[]>;
  /** By the policies as they are now. */
  planner(): Promise<OutcomePorts["plan"]>;
  logger: Pick<Logger, "info" | "warn" | "error">;
  /** What one delivery may carry. */
  limits: { maxMessages: number; maxBytes: number };
}

export interface Clock {
  now(): Date;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}
