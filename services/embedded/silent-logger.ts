import type { Logger } from "moleculer";

const nothing = () => undefined;

/** For looks at a server that is expected not to answer yet. */
export const silentLogger = {
  fatal: nothing,
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
  trace: nothing,
} as unknown as Logger;
