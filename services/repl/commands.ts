import type { ReplCommand } from "./command";
import { dlqCommand } from "./dlq";
import { idempotencyCommand } from "./idempotency";
import { indexesCommand } from "./indexes";
import { publishCommand } from "./publish";
import { redriveCommand } from "./redrive";
import { replayCommand } from "./replay";
import { statusCommand } from "./status";

/** For `replOptions.customCommands`: the gateway's own commands, beside Moleculer's. */
export const replCommands: ReplCommand[] = [
  statusCommand,
  dlqCommand,
  redriveCommand,
  replayCommand,
  publishCommand,
  idempotencyCommand,
  indexesCommand,
];
