/** Where the dlq service has its time and chance from. */
export interface Time {
  now(): Date;
  /** In [0, 1). */
  random(): number;
  /** Runs the work, which never rejects, every so many ms until the answer is called. */
  every(ms: number, work: () => Promise<void>): () => void;
}

export const REAL_TIME: Time = {
  now: () => new Date(),
  random: Math.random,
  every(ms, work) {
    const timer = setInterval(() => void work(), ms).unref();
    return () => clearInterval(timer);
  },
};
