import { groupOfLane } from "../../../mixins/event-handler/lane";
import { inParallel } from "../../../mixins/event-handler/run-limited";
import { PARKED } from "../../../schemas/lane";
import { REDELIVERIES_AT_ONCE, type RetryPorts } from "../retry";
import { follow } from "./follow";
import { lanesLedBy } from "./fronts";

export interface ResumePorts extends Omit<RetryPorts, "plan" | "mayFollow"> {
  /** What is to become of a letter that failed, by the policies as they are now. */
  planNow(): Promise<RetryPorts["plan"]>;
  /** Groups whose plugin is there, and neither paused nor failing again and again. */
  receiving(): Promise<readonly string[]>;
  /** Whether one more letter of a group may be handed over now. */
  mayHandOver(group: string): Promise<boolean>;
}

/**
 * Takes up lanes where parked letters were left behind: by the scheduler, by a gateway that died among them, by somebody who had
 * one in hand for a moment, or because an event was parked just when what it waits for was handled. Any number of gateways do
 * so at once.
 */
export class LaneResumer {
  readonly #atWork = new Map<string, Promise<void>>();
  #stopping = false;

  constructor(private readonly ports: ResumePorts) {}

  /** One look; ends when everything that it began has ended. A group that is still at work is passed over. */
  async round(): Promise<void> {
    const lanes = await lanesLedBy(this.ports.collection, PARKED);
    if (lanes.length === 0) return;
    const receiving = await this.ports.receiving();
    const byGroup = Map.groupBy(lanes, groupOfLane);
    await Promise.all(
      [...byGroup].map(async ([group, ofGroup]) => {
        if (receiving.includes(group)) await this.#begin(group, ofGroup);
      }),
    );
  }

  /** Begins nothing more, and waits for what is under way. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#atWork.values());
  }

  async #begin(group: string, lanes: string[]): Promise<void> {
    if (this.#stopping || this.#atWork.has(group)) return;
    const work = this.#resume(group, lanes).finally(() => this.#atWork.delete(group));
    this.#atWork.set(group, work);
    await work;
  }

  async #resume(group: string, lanes: string[]): Promise<void> {
    const mayFollow = async () => !this.#stopping && (await this.ports.mayHandOver(group));
    const ports = { ...this.ports, plan: await this.ports.planNow(), mayFollow };
    await inParallel(lanes, REDELIVERIES_AT_ONCE, async (lane) => void (await follow(ports, lane)));
  }
}
