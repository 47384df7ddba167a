/** The exit code by which a shell knows that a signal ended a program. */
const FORCED_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof FORCED_EXIT_CODES;

// Ctrl-C under npm arrives twice: from the terminal, and passed on by npm.
const SAME_WISH_MS = 2_000;

export interface SignalHandlers {
  stop(signal: StopSignal): void;
  /** Somebody insists. */
  force(signal: StopSignal, exitCode: number): void;
}

/** Tells a first wish to stop from a later one that insists. Returns what ends the listening. */
export function onStopSignals(
  { stop, force }: SignalHandlers,
  source: NodeJS.EventEmitter = process,
  now: () => number = Date.now,
): () => void {
  let askedAt: number | undefined;
  const listener = (signal: StopSignal) => {
    if (askedAt === undefined) {
      askedAt = now();
      stop(signal);
    } else if (now() - askedAt >= SAME_WISH_MS) {
      force(signal, FORCED_EXIT_CODES[signal]);
    }
  };
  const signals = Object.keys(FORCED_EXIT_CODES) as StopSignal[];
  for (const signal of signals) source.on(signal, listener);
  return () => {
    for (const signal of signals) source.off(signal, listener);
  };
}
