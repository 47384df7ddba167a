import assert from "node:assert/strict";
import type { Space } from "./space";
import type { Traffic } from "./traffic";
import { waitFor } from "./wait-for";

/** One effect that a fixture plugin left behind; nothing is unique, so that doubles show. */
export interface Effect {
  group: string;
  event_id: string;
  key: string | null;
  redelivered: boolean;
  topic: string;
  partition: number;
  offset: number;
  /** What `delivery.replay` said; absent for a live event. */
  replay?: string;
  /** What `ctx.meta.replay` said; absent for a live event. */
  mark?: string;
  /** When the handler was called, in ms since the epoch, finer than that. */
  at: number;
}

/** Waits until every one of the groups has committed every topic's end. */
export async function allCommitted(
  space: Space,
  groups: string[],
  types: string[],
  limitMs = 60_000,
): Promise<void> {
  for (const group of groups) {
    await waitFor(
      async () => {
        const states = await space.groupState(group, types);
        return (
          states.length > 0 &&
          states.every(({ committed, end }) => committed === end || (end === 0 && committed < 0))
        );
      },
      { what: `group ${group} to commit the end of ${types.join(", ")}`, limitMs },
    );
  }
}

/** The effects of one group: event id → how often it took effect. */
export async function effectsOf(space: Space, group: string): Promise<Map<string, Effect[]>> {
  const effects = await space.db.collection<Effect>("effects").find({ group }).toArray();
  const byId = new Map<string, Effect[]>();
  for (const effect of effects) byId.set(effect.event_id, [...(byId.get(effect.event_id) ?? []), effect]);
  return byId;
}

/** Each good event once in the group's effects, and nothing else. */
export async function assertOnce(space: Space, group: string, traffic: Traffic): Promise<void> {
  const effects = await effectsOf(space, group);
  const doubled = [...effects].filter(([, list]) => list.length > 1).map(([id]) => id);
  assert.deepEqual(doubled, [], `events that took effect twice in ${group}`);
  assertSameIds(effects.keys(), traffic, `effects of ${group}`);
}

/** Each good event at least once; what is doubled says that it was redelivered. */
export async function assertAtLeastOnce(space: Space, group: string, traffic: Traffic): Promise<number> {
  const effects = await effectsOf(space, group);
  assertSameIds(effects.keys(), traffic, `effects of ${group}`);
  let doubled = 0;
  for (const [id, list] of effects) {
    if (list.length === 1) continue;
    doubled += 1;
    const unmarked = list.filter(({ redelivered }) => !redelivered).length;
    assert.ok(
      unmarked <= 1,
      `event ${id} took effect ${list.length} times in ${group}, ${unmarked} of them not marked redelivered`,
    );
  }
  return doubled;
}

/** Each good event is stored once. */
export async function assertStored(space: Space, traffic: Traffic): Promise<void> {
  const stored = await space.db
    .collection("events")
    .find({}, { projection: { event_id: 1 } })
    .toArray();
  assert.equal(new Set(stored.map(({ event_id }) => event_id)).size, stored.length, "stored twice");
  assertSameIds(
    stored.map(({ event_id }) => String(event_id)),
    traffic,
    "stored events",
  );
}

/** Each bad message is in the DLQ once, with its exact bytes, and nothing else is. */
export async function assertDeadLettered(space: Space, traffic: Traffic): Promise<void> {
  const letters = await space.db.collection("dead_letters").find({}).toArray();
  const found = letters.map(({ raw }) => Buffer.from(raw.buffer ?? raw).toString("hex"));
  assert.deepEqual(found.sort(), [...traffic.bad].sort());
}

function assertSameIds(found: Iterable<string>, traffic: Traffic, what: string): void {
  const ids = new Set(found);
  const missing = [...traffic.good.keys()].filter((id) => !ids.has(id));
  const foreign = [...ids].filter((id) => !traffic.good.has(id));
  assert.deepEqual(
    missing.slice(0, 5),
    [],
    `${missing.length} of ${traffic.good.size} are missing in ${what}`,
  );
  assert.deepEqual(foreign.slice(0, 5), [], `${foreign.length} do not belong in ${what}`);
}
