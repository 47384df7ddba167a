import type { Middleware, ServiceBroker } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";

/**
 * Finishes what is in hand and takes nothing new. `deadline` is a time in ms since the epoch: what is unfinished
 * then must be left as it is.
 */
export type DrainFunction = (deadline: number) => Promise<void>;

export interface UnfinishedDrain {
  name: string;
  problem: string;
}

// A registered symbol: services loaded anew by hot reload bring their own copy of this module.
const KEY = Symbol.for("weir.drain");
const RESERVE_MS = 5_000;

/**
 * Registers work that must end before any service of the broker stops, under a name that is unique on the broker:
 * the same name again replaces the function. Returns what takes it back.
 */
export function onDrain(broker: ServiceBroker, name: string, drain: DrainFunction): () => void {
  const { functions } = drainState(broker);
  functions.set(name, drain);
  return () => {
    if (functions.get(name) === drain) functions.delete(name);
  };
}

/** What was not finished when the broker stopped; empty when all was, or before the stop. */
export function unfinishedDrains(broker: ServiceBroker): UnfinishedDrain[] {
  return drainState(broker).unfinished;
}

/**
 * Makes `broker.stop()` drain first, while every service and the links to other nodes still work: Moleculer's own
 * `stopping` hook comes after it told the other nodes that this one has no services left. A second stop while one
 * runs is the same stop.
 */
export function drainBeforeStop(): Middleware {
  return {
    name: "DrainBeforeStop",
    created(broker: ServiceBroker) {
      const stop = broker.stop.bind(broker);
      let running: Promise<void> | undefined;
      broker.stop = () => {
        running ??= drainAll(broker)
          .then(stop)
          .finally(() => {
            running = undefined;
          });
        return running;
      };
    },
  };
}

async function drainAll(broker: ServiceBroker): Promise<void> {
  const { stopDeadlineMs } = configurationOf(broker);
  // Some of the time is kept for the services' own stop.
  const limitMs = stopDeadlineMs - Math.min(RESERVE_MS, stopDeadlineMs / 4);
  const deadline = Date.now() + limitMs;
  const state = drainState(broker);
  const unfinished = await Promise.all(
    [...state.functions].map(([name, drain]) => drainOne(name, drain, deadline)),
  );
  state.unfinished = unfinished.filter((drain) => drain !== null);
  for (const { name, problem } of state.unfinished) broker.logger.error(`${name} is not drained: ${problem}`);
}

async function drainOne(
  name: string,
  drain: DrainFunction,
  deadline: number,
): Promise<UnfinishedDrain | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<UnfinishedDrain>((resolve) => {
    timer = setTimeout(resolve, deadline - Date.now(), { name, problem: "its time was up" });
  });
  const work = Promise.resolve(deadline)
    .then(drain)
    .then(() => null)
    .catch((error: unknown) => ({ name, problem: error instanceof Error ? error.message : String(error) }));
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

interface DrainState {
  functions: Map<string, DrainFunction>;
  unfinished: UnfinishedDrain[];
}

function drainState(broker: ServiceBroker): DrainState {
  const holder = broker as unknown as Record<symbol, DrainState | undefined>;
  let state = holder[KEY];
  if (!state) {
    state = { functions: new Map(), unfinished: [] };
    Object.defineProperty(broker, KEY, { value: state });
  }
  return state;
}
