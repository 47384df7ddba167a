import { Errors } from "moleculer";

/**
 * Every error that leaves the gateway carries one of these stable codes as its `type`.
 * `docs/errors.md` lists the same codes; a test keeps the two in step.
 */
export const ERRORS = {
  WEIR_CONFIG_INVALID: { status: 500, meaning: "A setting from the environment has a value it cannot have." },
  WEIR_MONGO_REFUSED: {
    status: 500,
    meaning: "MongoDB refuses the user name or password, or a right is missing.",
  },
  WEIR_INDEX_DECLARATION_INVALID: {
    status: 500,
    meaning: "A service declares a collection or an index that cannot be.",
  },
  WEIR_INDEX_NOT_CREATED: {
    status: 500,
    meaning: "MongoDB did not create an index that a service declares.",
  },
  WEIR_STOPPED: { status: 503, meaning: "The service was stopped while it was waiting for something." },
  WEIR_CLAIM_CONTENDED: {
    status: 503,
    meaning: "Keys were claimed and released by others too often in a row; the delivery is tried again.",
  },
  WEIR_FENCED: {
    status: 409,
    meaning: "A later owner of the partition is at work: what this one did is not committed.",
  },
  WEIR_PLUGIN_INVALID: { status: 500, meaning: "A plugin's eventHandler options have a value they cannot have; its service is not made." },
  WEIR_NO_HANDLER: { status: 503, meaning: "A node was handed an event type that its version of the plugin does not handle; the event waits." },
  WEIR_UNAVAILABLE: { status: 503, meaning: "What a handler needs is away: the event is neither done nor failed and is handed over again." },
  WEIR_IDEMPOTENCY_KEY_INVALID: { status: 500, meaning: "A custom idempotency function did not return a string that can be a key; the event becomes a dead letter." },
  WEIR_HANDLER_TIMEOUT: { status: 504, meaning: "A handler did not end within its timeout; the event becomes a dead letter." },
  WEIR_HANDLER_ERROR: { status: 500, meaning: "A handler threw something that is no Error; the event becomes a dead letter." },
  WEIR_BAD_OUTCOME: { status: 500, meaning: "A batch handler returned something that is not one outcome per event." },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A fault that trying again will not mend. `data` holds what was expected and what came, never a secret. */
export class WeirError extends Errors.MoleculerError {
  constructor(type: ErrorCode, message: string, data?: Record<string, unknown>) {
    super(message, ERRORS[type].status, type, data);
    this.name = "WeirError";
  }
}

/** A fault that may pass by itself: the caller may try the same again later. */
export class WeirRetryableError extends Errors.MoleculerRetryableError {
  constructor(type: ErrorCode, message: string, data?: Record<string, unknown>) {
    super(message, ERRORS[type].status, type, data);
    this.name = "WeirRetryableError";
  }
}
