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
  WEIR_INDEX_CHANGED: {
    status: 500,
    meaning: "An index or a collection is not as declared, and the policy is to stop then.",
  },
  WEIR_SCHEMA_INVALID: { status: 500, meaning: "A file with an event's schema cannot be used." },
  WEIR_SCHEMA_CONFLICT: {
    status: 500,
    meaning: "Two folders define the same version of an event type differently.",
  },
  WEIR_EVENT_TYPE_UNKNOWN: { status: 404, meaning: "No schema defines this event type or version." },
  WEIR_DEAD_LETTER_NOT_FOUND: { status: 404, meaning: "No dead letter has this id." },
  WEIR_DEAD_LETTER_CLOSED: { status: 409, meaning: "The dead letter was retried or discarded before." },
  WEIR_DEAD_LETTER_BUSY: { status: 409, meaning: "The dead letter is being retried by somebody else." },
  WEIR_DEAD_LETTER_CUT: { status: 422, meaning: "The dead letter's message was too large to be kept whole." },
  WEIR_DEAD_LETTER_PARKED: {
    status: 409,
    meaning: "The dead letter waits behind another of the same Kafka key, and cannot be retried before it.",
  },
  WEIR_DLQ_POLICY_NOT_FOUND: { status: 404, meaning: "No stored retry policy has this id." },
  WEIR_REDRIVE_NOT_FOUND: { status: 404, meaning: "No redrive has this id." },
  WEIR_REDRIVE_ENDED: { status: 409, meaning: "The redrive is completed or cancelled." },
  WEIR_FAILURE_GROUP_NOT_FOUND: { status: 404, meaning: "No dead letter has this fingerprint." },
  WEIR_IMPORT_NO_ORIGIN: {
    status: 422,
    meaning: "Nothing tells to which topic a message of a dead letter topic belongs.",
  },
  WEIR_READ_TOO_LONG: {
    status: 504,
    meaning: "A list, a search or a count took too long; MongoDB ended it.",
  },
  WEIR_EVENT_NOT_FOUND: { status: 404, meaning: "No stored event has this id." },
  WEIR_STOPPED: { status: 503, meaning: "The service was stopped while it was waiting for something." },
  WEIR_CLAIM_CONTENDED: {
    status: 503,
    meaning: "Keys were claimed and released by others too often in a row; the delivery is tried again.",
  },
  WEIR_FENCED: {
    status: 409,
    meaning: "A later owner of the partition is at work: what this one did is not committed.",
  },
  WEIR_PLUGIN_INVALID: {
    status: 500,
    meaning: "A plugin's eventHandler options have a value they cannot have; its service is not made.",
  },
  WEIR_NO_HANDLER: {
    status: 503,
    meaning:
      "A node was handed an event type that its version of the plugin does not handle; the event waits.",
  },
  WEIR_UNAVAILABLE: {
    status: 503,
    meaning: "What a handler needs is away: the event is neither done nor failed and is handed over again.",
  },
  WEIR_IDEMPOTENCY_KEY_INVALID: {
    status: 500,
    meaning:
      "A custom idempotency function returned no string, or an event has none of the fields that it is to be known by; it becomes a dead letter.",
  },
  WEIR_IDEMPOTENT_ACTION_INVALID: {
    status: 500,
    meaning: "A service's idempotentActions options have a value they cannot have; the service is not made.",
  },
  WEIR_IDEMPOTENCY_CONFLICT: {
    status: 422,
    meaning: "A call's idempotency key was used before, with other parameters; nothing is executed.",
  },
  WEIR_IDEMPOTENCY_IN_FLIGHT: {
    status: 409,
    meaning: "A call under the same idempotency key is being executed; ask again later.",
  },
  WEIR_IDEMPOTENCY_RESULT_NOT_KEPT: {
    status: 410,
    meaning: "A call under this key was executed before, but its result was too large or no JSON.",
  },
  WEIR_IDEMPOTENCY_TAKEN_OVER: {
    status: 409,
    meaning: "A call took longer than its lease, and another was executed in its place, whose answer counts.",
  },
  WEIR_HANDLER_TIMEOUT: {
    status: 504,
    meaning: "A handler did not end within its timeout; the event becomes a dead letter.",
  },
  WEIR_KEY_PARKED: {
    status: 409,
    meaning:
      "An earlier event of the same Kafka key is a dead letter; this one became one too, and waits behind it.",
  },
  WEIR_HANDLER_ERROR: {
    status: 500,
    meaning: "A handler threw something that is no Error; the event becomes a dead letter.",
  },
  WEIR_BAD_OUTCOME: {
    status: 500,
    meaning: "A batch handler returned something that is not one outcome per event.",
  },
  WEIR_PREREQUISITE_MISSING: {
    status: 500,
    meaning: "A program that the embedded servers need is not on this machine.",
  },
  WEIR_CHECKSUM_MISMATCH: {
    status: 500,
    meaning: "A fetched file is not the one that this version was made with; it was deleted.",
  },
  WEIR_FETCH_FAILED: { status: 502, meaning: "A program of the embedded servers could not be fetched." },
  WEIR_SERVER_START_FAILED: { status: 500, meaning: "An embedded server did not start." },
  WEIR_EVENT_TOO_LARGE: { status: 413, meaning: "Kafka refused an event as too large." },
  WEIR_KAFKA_UNAVAILABLE: {
    status: 503,
    meaning: "Kafka did not acknowledge an event; publish it again with the same event_id.",
  },
  WEIR_KAFKA_REFUSED: { status: 500, meaning: "Kafka refused the gateway's credentials; the start stops." },
  WEIR_PLUGIN_AWAY: {
    status: 503,
    meaning: "No node hosts the plugin that a dead letter is to be handed to.",
  },
  WEIR_PLUGIN_BUSY: {
    status: 503,
    meaning: "The plugin could not take a redriven event now; retry the letter later.",
  },
  WEIR_EVENT_UNPARSEABLE: {
    status: 422,
    meaning: "A message's bytes are no JSON in UTF-8; it is dead-lettered.",
  },
  WEIR_EVENT_UNKNOWN_TYPE: {
    status: 422,
    meaning: "No schema is known for an event's type and version; it is dead-lettered.",
  },
  WEIR_EVENT_INVALID: { status: 422, meaning: "An event does not fit the envelope or its type's schema." },
  WEIR_EVENT_UNSTORABLE: {
    status: 422,
    meaning: "An event holds something that MongoDB cannot; it is dead-lettered.",
  },
  WEIR_HTTP_UNAVAILABLE: {
    status: 500,
    meaning: "The address for /livez and /readyz cannot be listened on.",
  },
  WEIR_EVENT_ID_CONFLICT: {
    status: 409,
    meaning: "An event's id is stored already with other content; it is dead-lettered.",
  },
  WEIR_TRANSACTION_OVER: {
    status: 409,
    meaning: "A handler used its transaction after it had returned or its time was up; nothing was written.",
  },
  WEIR_TRANSACTION_METHOD: {
    status: 400,
    meaning: "A handler called a method that MongoDB does not allow within a transaction.",
  },
  WEIR_TRANSACTION_ABORTED: {
    status: 409,
    meaning:
      "MongoDB aborted a transaction though the handler returned; usually it caught an error of the server, which aborts it all the same.",
  },
  WEIR_OTHER_MONGODB: {
    status: 500,
    meaning: "A plugin with transactions runs on a node whose MongoDB is not the gateway's.",
  },
  WEIR_TOO_LARGE_FOR_TRANSPORTER: {
    status: 413,
    meaning:
      "An event is too large for the way to the node that hosts its plugin, and is dead-lettered; or a call or its answer is too large for the way between two nodes.",
  },
  WEIR_GROUP_UNKNOWN: { status: 404, meaning: "The gateway runs no group of that name." },
  WEIR_TOPIC_UNKNOWN: { status: 404, meaning: "Kafka has no topic of that name." },
  WEIR_REPLAY_NOT_FOUND: { status: 404, meaning: "No replay session has this id." },
  WEIR_REPLAY_STATE: {
    status: 409,
    meaning: "A replay session cannot be paused, resumed or cancelled in the state it is in.",
  },
  WEIR_UPCAST_FAILED: {
    status: 422,
    meaning: "An event of an older version could not be lifted to the newest one; it is dead-lettered.",
  },
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
