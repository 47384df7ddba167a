import type { TrafficOptions } from "../support/traffic";
import type { GroupUnderTest } from "./groups";
import type { GroupExpectation } from "./ledger";
import type { Scene } from "./scene";

/** One thing that goes wrong while known events are on their way. */
export interface Fault {
  name: string;
  /** What happens, in a sentence for the table of faults. */
  story: string;
  /** Part of the bounded run. */
  bounded?: true;
  traffic?: Partial<TrafficOptions>;
  /** Milliseconds that a handler of single events takes, so that some are in hand when the fault strikes. */
  handlerMs?: number;
  /** Messages in a chunk; 100 by default, so that there are many and a fault meets them at different steps of their way. */
  chunkMessages?: number;
  /** Other groups than the usual ones. */
  groups?: readonly GroupUnderTest[];
  /** How many gateways run when the fault strikes; 1 by default. 0: `inject` starts them. */
  gateways?: number;
  env?: NodeJS.ProcessEnv;
  /** Servers of its own, on a disk of so many MiB. */
  diskMib?: number;
  /** `never`: nobody's hands are taken off their work, so not even a plain group may see an event twice. */
  doubles: "never" | "in flight";
  /** Seconds within which every group gets on after the fault's end; 15 by default. */
  goOnWithin?: number;
  /** Resolves at the fault's end, when everything that is needed is there again. */
  inject(scene: Scene): Promise<void>;
  /** What this fault changes in what a group owes. */
  expect?(scene: Scene, group: GroupUnderTest): Expected | Expected[];
  /** Resolves when everything that is to be handed over again has been. */
  handedOver?(scene: Scene): Promise<void>;
  /** What has to hold beyond the ledger; throws what does not. */
  check?(scene: Scene): Promise<void>;
}

/** What a scene has to know of a fault before it strikes. */
export type Setting = Omit<Fault, "inject" | "expect" | "handedOver" | "check">;

/** Several: parts of what a group owes, each with a promise of its own. */
type Expected = Partial<GroupExpectation>;
