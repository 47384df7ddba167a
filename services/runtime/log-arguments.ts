/**
 * Moleculer logs the message first, and pino drops whatever follows a message. This puts the arguments into pino's
 * order: words are joined to the message, the first error becomes `err`, everything else `data`.
 * Calls that already begin with an object are left as they are.
 */
export function pinoArguments(args: readonly unknown[]): [unknown, ...unknown[]] {
  const [first, ...rest] = args;
  if (typeof first === "object" && first !== null) return [first, ...rest];
  const words = [String(first)];
  const data: unknown[] = [];
  let err: Error | undefined;
  for (const value of rest) {
    if (value instanceof Error && !err) err = value;
    else if (typeof value === "object" && value !== null) data.push(value);
    else if (value !== undefined) words.push(String(value));
  }
  // A fault of the gateway's own explains itself: its message belongs into the line.
  if (isOwnFault(err)) words.push(`${err.message} (${err.type})`);
  const fields = {
    ...(err && { err }),
    ...(data.length > 0 && { data: data.length === 1 ? data[0] : data }),
  };
  const message = words.join(" ");
  return err || data.length > 0 ? [fields, message] : [message];
}

interface OwnFault extends Error {
  type: string;
}

/**
 * An error whose message says what was expected, what came and what to do: a stack adds nothing to it.
 * Told by its code: an error from another node or another copy of the package has another class.
 */
export function isOwnFault(error: unknown): error is OwnFault {
  return error instanceof Error && "type" in error && String(error.type).startsWith("WEIR_");
}
