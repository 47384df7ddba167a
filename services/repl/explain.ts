interface BrokerError {
  message: string;
  type?: string;
  name?: string;
  data?: unknown;
}

/** An error for the person at the prompt: what is wrong and what to do, in few lines. */
export function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { message, type, data } = thrown as BrokerError;
  if (type === "SERVICE_NOT_FOUND" || type === "SERVICE_NOT_AVAILABLE") {
    const { action } = (data ?? {}) as { action?: string };
    return `No node offers ${action ?? "this action"} now: the gateway is still starting, or this node is not joined to one.`;
  }
  if (type === "VALIDATION_ERROR" && Array.isArray(data)) {
    return data.map((problem: { message?: string }) => problem.message ?? String(problem)).join("\n");
  }
  return type ? `${message} (${type})` : message;
}
