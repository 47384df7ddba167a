/** Where the dlq service has its time and chance from. */
export interface Time {
  now(): Date;
  /** In [0, 1). */
  random(): number;
  /** Runs the work, which never rejects, every so many ms until the answer is called. */
  every(ms: number, work: () => Promise<void>): () => void;
}

/** The time by the given clock, and real chance. */
export const realTime = (now: () => Date): Time => ({
  now,
  random: Math.random,
  every(ms, work) {
    const timer = setInterval(() => void work(), ms).unref();
    return () => clearInterval(timer);
  },
});
