import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { inParallel } from "../../../mixins/event-handler/run-limited";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { REDELIVERIES_AT_ONCE, type RetryPorts } from "../retry";
import type { DlqState } from "../state";
import { claimDue, findDue, groupsDue, type LetterGroup, releaseDue } from "./claim-due";
import { takeRate } from "./rate";
import { retryDue } from "./retry-due";

export interface SchedulerPorts extends Omit<RetryPorts, "plan"> {
  state: Collection<DlqState>;
  /** The policies as they are now. */
  policies(): Promise<readonly DlqPolicy[]>;
  /** Makes of the policies what is to become of a letter that failed again. */
  planBy(policies: readonly DlqPolicy[]): RetryPorts["plan"];
  /** Groups whose plugin is there, and neither paused nor failing again and again. */
  receiving(): Promise<readonly string[]>;
  /** Letters of a group in a second. */
  rate: number;
}

/** Letters of a group that are claimed at once. */
const MOST_AT_ONCE = 100;

/** Hands letters over whose time has come. Any number of gateways do so at once: each letter is claimed by one. */
export class Scheduler {
  readonly #atWork = new Map<LetterGroup, Promise<void>>();
  #looking = false;
  #stopping = false;

  constructor(private readonly ports: SchedulerPorts) {}

  /** One look at what is due; ends when everything that it began has ended. A group that is still at work is passed over. */
  async round(): Promise<void> {
    if (this.#looking || this.#stopping) return;
    this.#looking = true;
    const begun = this.#look().finally(() => {
      this.#looking = false;
    });
    await Promise.all((await begun).map((work) => work()));
  }

  /** Begins nothing more, gives back what was claimed and not begun, waits for the rest. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#atWork.values());
  }

  async #look(): Promise<(() => Promise<void>)[]> {
    const groups = await groupsDue(this.ports.collection, this.ports.now());
    const idle = groups.filter((group) => !this.#atWork.has(group));
    if (idle.length === 0) return [];
    const [policies, receiving] = await Promise.all([this.ports.policies(), this.ports.receiving()]);
    return idle
      .filter((group) => group === null || receiving.includes(group))
      .map((group) => () => this.#begin(group, policies));
  }

  async #begin(group: LetterGroup, policies: readonly DlqPolicy[]): Promise<void> {
    if (this.#stopping || this.#atWork.has(group)) return;
    const work = this.#retry(group, policies).finally(() => this.#atWork.delete(group));
    this.#atWork.set(group, work);
    await work;
  }

  async #retry(group: LetterGroup, policies: readonly DlqPolicy[]): Promise<void> {
    const { collection, state, rate, now } = this.ports;
    const due = await findDue(collection, group, now(), MOST_AT_ONCE);
    if (due.length === 0) return;
    const granted = await takeRate(state, group, { wanted: due.length, rate, now: now() });
    if (granted === 0) return;
    const claim = randomUUID();
    try {
      const claimed = await claimDue(collection, due.slice(0, granted), claim, now());
      // What was parked behind a letter is taken up by itself: a long lane must not hold up the group's other letters.
      const mayFollow = async () => false;
      const ports = { ...this.ports, plan: this.ports.planBy(policies), mayFollow, byPolicy: true as const };
      await inParallel(claimed, REDELIVERIES_AT_ONCE, async (id) => {
        if (!this.#stopping) await retryDue(ports, policies, id, claim);
      });
    } finally {
      await releaseDue(collection, due, claim);
    }
  }
}
