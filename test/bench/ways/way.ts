import type { Handled } from "../child/handled";
import type { Job } from "../child/job";

/** The ways that a child process knows. */
export type WayName =
  | "bare"
  | "bare-dispatch"
  | "gateway"
  | "gateway-tx"
  | "dispatch"
  | "channels"
  | "each-message";

export interface Way {
  /**
   * Takes the job's topic from its beginning on, and goes on until what it resolves with is called. `begin` is called when
   * everything is prepared and before the first consumer connects: the measured time begins there.
   */
  work(job: Job, handled: Handled, begin: () => void): Promise<() => Promise<void>>;
}

/** The name of the consumer group of a way that names its groups itself. */
export function groupOf({ groupPrefix }: Pick<Job, "groupPrefix">, plugin: number): string {
  return `${groupPrefix}plugin-${plugin}`;
}

export function pluginNumbers({ plugins }: Pick<Job, "plugins">): number[] {
  return Array.from({ length: plugins }, (_, index) => index + 1);
}
