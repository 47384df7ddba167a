import { performance } from "node:perf_hooks";
import { waitFor } from "../support";
import type { Scene } from "./scene";

const LOOK_EVERY_MS = 250;

interface Stand {
  /** Messages that the group has passed, of those that there are for it. */
  done: number;
  of: number;
  /** Milliseconds of `performance.now()`. */
  endedAt: number | null;
}

/** How far every group has got with what lies in its topics, by its committed offsets. */
export class Drain {
  private readonly stands = new Map<string, Stand>();

  constructor(private readonly scene: Scene) {}

  /** Looks where every group stands now. */
  async look(): Promise<void> {
    for (const { group, wants } of this.scene.groups) {
      const states = await this.scene.space.groupState(group, this.scene.types.filter(wants));
      const sum = (number: (state: (typeof states)[number]) => number) =>
        states.reduce((all, state) => all + number(state), 0);
      const done = sum(({ committed }) => Math.max(committed, 0));
      const of = sum(({ end }) => end);
      const endedAt = this.stands.get(group)?.endedAt ?? (done === of ? performance.now() : null);
      this.stands.set(group, { done, of, endedAt });
    }
  }

  /** The shares of the groups, from 0 to 1, the slowest group's first. */
  get shares(): number[] {
    return [...this.stands.values()].map(shareOf).sort((one, other) => one - other);
  }

  /** Such as "events 52 %, effects-tx 11 %". */
  toString(): string {
    return [...this.stands]
      .map(([group, stand]) => `${group} ${Math.floor(shareOf(stand) * 100)} %`)
      .join(", ");
  }

  /** When a group reached the end; null where it did not yet. */
  endedAt(group: string): number | null {
    return this.stands.get(group)?.endedAt ?? null;
  }

  /** Waits until the shares, the slowest group's first, are as asked for. */
  async until(what: string, reached: (shares: number[]) => boolean, limitMs: number): Promise<void> {
    await waitFor(
      async () => {
        await this.look();
        return reached(this.shares);
      },
      { what, limitMs, everyMs: LOOK_EVERY_MS },
    ).catch((error: Error) => {
      throw new Error(`The groups are at ${this}: ${error.message}`);
    });
  }

  /** Waits until every group has passed more messages than when it was last looked, or is at the end. */
  async everyGroupGetsOn(limitMs: number): Promise<void> {
    const before = new Map([...this.stands].map(([group, { done }]) => [group, done]));
    const waiting = () =>
      [...this.stands].flatMap(([group, { done, of }]) =>
        done < of && done <= (before.get(group) ?? 0) ? [group] : [],
      );
    await waitFor(
      async () => {
        await this.look();
        return waiting().length === 0;
      },
      { what: "every group to get on", limitMs, everyMs: LOOK_EVERY_MS },
    ).catch((error: Error) => {
      throw new Error(`${waiting().join(", ")} did not go on: ${error.message}`);
    });
  }
}

function shareOf({ done, of }: Stand): number {
  return of === 0 ? 0 : done / of;
}
