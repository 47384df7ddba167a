import type { Guarantee } from "./ledger";

/** One group that every fault is held against. */
export interface GroupUnderTest {
  group: string;
  promise: Guarantee;
  wants(eventType: string): boolean;
  /** Where its effects are: one plain insert per event in `effects`, the store of events, or a plugin's own collection. */
  effects: "effects" | "events" | OwnEffects;
  /** The plugin's file; the `events` group is the gateway's own. */
  plugin?: string;
}

/** A collection in which a plugin leaves one document per event, which holds the event's id. */
export interface OwnEffects {
  collection: string;
  /** The path of the event's id. */
  field: string;
}

export const EVENTS: GroupUnderTest = {
  group: "events",
  promise: "exactly once",
  wants: () => true,
  effects: "events",
};

/** A batch handler for all types, one insertMany per chunk. */
export const BATCH: GroupUnderTest = {
  group: "effects-batch",
  promise: "at least once",
  wants: () => true,
  effects: "effects",
  plugin: "test/fixtures/effects-batch.service.ts",
};

/** One event at a time, different keys side by side. */
export const SINGLE: GroupUnderTest = {
  group: "effects-single",
  promise: "at least once",
  wants: (type) => type.startsWith("order."),
  effects: "effects",
  plugin: "test/fixtures/effects-single.service.ts",
};

/** Effects, claim and progress in one transaction. */
export const TRANSACTIONAL: GroupUnderTest = {
  group: "effects-tx",
  promise: "exactly once",
  wants: (type) => type.startsWith("order."),
  effects: "effects",
  plugin: "test/fixtures/effects-tx.service.ts",
};

export const GROUPS: readonly GroupUnderTest[] = [EVENTS, BATCH, SINGLE, TRANSACTIONAL];

/** Does what TEST_TROUBLE says with some of its events. */
export const TROUBLE: GroupUnderTest = {
  group: "effects-trouble",
  promise: "at least once",
  wants: (type) => type.startsWith("order."),
  effects: "effects",
  plugin: "test/fixtures/effects-trouble.service.ts",
};

/** The same in one transaction with claim and progress. */
export const TROUBLE_TRANSACTIONAL: GroupUnderTest = {
  group: "effects-trouble-tx",
  promise: "exactly once",
  wants: TROUBLE.wants,
  effects: "effects",
  plugin: "test/fixtures/effects-trouble-tx.service.ts",
};

/** Fails a known part of its events until it is mended. */
export const BROKEN: GroupUnderTest = {
  group: "effects-broken",
  promise: "at least once",
  wants: TROUBLE.wants,
  effects: "effects",
  plugin: "test/fixtures/effects-broken.service.ts",
};

/** The same in one transaction with claim and progress. */
export const BROKEN_TRANSACTIONAL: GroupUnderTest = {
  group: "effects-broken-tx",
  promise: "exactly once",
  wants: TROUBLE.wants,
  effects: "effects",
  plugin: "test/fixtures/effects-broken-tx.service.ts",
};
