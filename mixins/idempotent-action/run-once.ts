import {
  type BeginAnswer,
  type BeginRequest,
  type CallName,
  type CompleteAnswer,
  type CompleteRequest,
  keptResult,
  type ReleaseAnswer,
} from "../../schemas/calls";
import { conflict, inFlight, notKept, resultNotKept, stillInFlight, takenOver } from "./call-errors";

/** The idempotency service, as one call sees it. */
export interface OncePorts {
  begin(request: BeginRequest): Promise<BeginAnswer>;
  complete(request: CompleteRequest): Promise<CompleteAnswer>;
  release(name: CallName): Promise<ReleaseAnswer>;
  newId(): string;
  /** The most that can travel between this node and the service. */
  maxResultBytes: number;
  delay(ms: number): Promise<unknown>;
  /** Told of what an operator should know; without keys and parameters. */
  warn(message: string): void;
}

/** One call as it is to be executed; without an id, which every run gets anew. */
export interface OnceCall extends Omit<CallName, "id"> {
  fingerprint: string;
  ttl: number;
  lease: number;
}

const COMPLETE_ATTEMPTS = 10;
const COMPLETE_RETRY_MS = 500;

/**
 * Executes a call, unless one under the same key has been: then its answer is given. A failure gives the key back.
 * Throws WEIR_IDEMPOTENCY_CONFLICT, WEIR_IDEMPOTENCY_IN_FLIGHT, WEIR_IDEMPOTENCY_RESULT_NOT_KEPT, WEIR_IDEMPOTENCY_TAKEN_OVER, and what
 * `execute` throws.
 */
export async function runOnce(
  ports: OncePorts,
  call: OnceCall,
  execute: (taken_over: boolean) => Promise<unknown>,
): Promise<unknown> {
  const name: CallName = { id: ports.newId(), scope: call.scope, key: call.key };
  const begun = await begin(ports, call, name);
  if (begun.status === "completed") return answerOf(call, begun);
  if (begun.status === "in_flight") throw inFlight(call, begun.retry_after_ms);
  if (begun.status === "conflict") throw conflict(call);

  let result: unknown;
  try {
    result = await execute(begun.taken_over);
  } catch (error) {
    await ports
      .release(name)
      .catch(({ message }: Error) => ports.warn(stillInFlight(call, "failed", message)));
    throw error;
  }
  return keep(ports, call, name, result);
}

async function begin(ports: OncePorts, call: OnceCall, name: CallName): Promise<BeginAnswer> {
  const { fingerprint, lease } = call;
  try {
    const max_result_bytes = ports.maxResultBytes;
    return await ports.begin({ ...name, fingerprint, lease_ms: lease, max_result_bytes });
  } catch (error) {
    // The answer may have been lost after the key was claimed: nobody would be at it until the lease is over.
    ports.release(name).catch(() => undefined);
    throw error;
  }
}

/** → what the caller gets: the same that a repeat gets, wherever it can be kept. */
async function keep(ports: OncePorts, call: OnceCall, name: CallName, result: unknown): Promise<unknown> {
  const { json, omitted } = keptResult(result, ports.maxResultBytes);
  const answer = json === undefined ? result : (JSON.parse(json) as unknown);
  const request: CompleteRequest = {
    ...name,
    ttl_ms: call.ttl,
    ...(omitted ? { omitted } : { result: answer }),
  };
  const completed = await complete(ports, call, request);
  if (completed?.status === "fenced") throw takenOver(call);
  if (completed?.omitted) ports.warn(notKept(call, completed.omitted));
  return answer;
}

/** Null where nothing could be written: the caller still gets its answer, because it has been executed. */
async function complete(
  ports: OncePorts,
  call: OnceCall,
  { result, ...request }: CompleteRequest,
): Promise<CompleteAnswer | null> {
  let carried: CompleteRequest = result === undefined ? request : { ...request, result };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ports.complete(carried);
    } catch (error) {
      const { type, message } = error as Error & { type?: string };
      if (type === "WEIR_TOO_LARGE_FOR_TRANSPORTER" && !carried.omitted) {
        // A server's own limit may be lower than the one that is set here: that it was executed still fits.
        carried = { ...request, omitted: { why: "too_large_for_transporter" } };
        continue;
      }
      if (attempt === COMPLETE_ATTEMPTS) {
        ports.warn(stillInFlight(call, "was executed", message));
        return null;
      }
      await ports.delay(COMPLETE_RETRY_MS);
    }
  }
}

function answerOf(call: OnceCall, { result, omitted, completed_at }: BeginAnswer & { status: "completed" }) {
  if (omitted) throw resultNotKept(call, completed_at, omitted);
  return result;
}
