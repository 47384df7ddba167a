/** Where the dlq service has its time and chance from. */
export interface Time {
  now(): Date;
  /** In [0, 1). */
  random(): number;
  /** Runs the work every so many ms, unless the last run is still at it, until the answer is called. */
  every(ms: number, work: () => Promise<void>): () => void;
}

export const REAL_TIME: Time = {
  now: () => new Date(),
  random: Math.random,
  every(ms, work) {
    let running = false;
    const timer = setInterval(async () => {
      if (running) return;
      running = true;
      await work().finally(() => {
        running = false;
      });
    }, ms).unref();
    return () => clearInterval(timer);
  },
};
