import type { Logger } from "moleculer";

/** Work that comes round again and again. */
export interface Chore {
  /** For the log: completes "Dead letters: … failed". */
  name: string;
  everyMs: number;
  /** It may be begun again before it has ended, and sees to itself. */
  overlaps?: true;
  work(): Promise<void>;
}

/** Runs chores until it is stopped; one that fails is tried again, and the log says it once per cause. */
export class Upkeep {
  readonly #stops: (() => void)[] = [];
  readonly #running = new Map<Promise<void>, string>();
  readonly #problems = new Map<string, string>();
  #stopped = false;

  constructor(
    private readonly every: (ms: number, work: () => Promise<void>) => () => void,
    private readonly logger: Pick<Logger, "warn" | "info">,
  ) {}

  begin(chores: readonly Chore[]): void {
    for (const chore of chores) this.#stops.push(this.every(chore.everyMs, () => this.#run(chore)));
  }

  /** Begins nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.allSettled(this.#running.keys());
  }

  async #run({ name, overlaps, work }: Chore): Promise<void> {
    const busy = !overlaps && [...this.#running.values()].includes(name);
    if (this.#stopped || busy) return;
    const run = work()
      .then(() => {
        if (this.#problems.delete(name)) this.logger.info(`Dead letters: ${name} goes on`);
      })
      .catch((error: Error) => {
        if (this.#problems.get(name) === error.message) return;
        this.#problems.set(name, error.message);
        this.logger.warn(`Dead letters: ${name} failed and is tried again: ${error.message}`);
      });
    this.#running.set(run, name);
    await run.finally(() => this.#running.delete(run));
  }
}
