/** Kafka offsets are 64-bit integers in decimal strings; what is committed is the offset to read next. */
export function nextOffset(offset: string): string {
  return (BigInt(offset) + 1n).toString();
}

/** Messages between the committed and the end offset; -1 committed means that nothing was committed yet. */
export function lagBetween(committed: string, low: string, high: string): number {
  const from = BigInt(committed) < BigInt(low) ? BigInt(low) : BigInt(committed);
  const lag = BigInt(high) - from;
  return lag > 0n ? Number(lag) : 0;
}
