import type { Context } from "moleculer";
import { serverTime } from "../../mixins/mongo/server-clock";
import { type MongoServiceSchema, mongoSchema } from "../../mixins/mongo-schema.mixin";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import { type Page, type Paging, STRICT } from "../../schemas/query-params";
import { onDrain } from "../runtime/drain";
import { beginChores } from "./chores";
import { DEAD_LETTERS } from "./collection";
import { type Discard, discardLetters } from "./discard";
import { editActions } from "./edit/edit-actions";
import { DLQ_GROUPS } from "./grouping/collection";
import { groupActions } from "./grouping/group-actions";
import { importActions } from "./import/import-actions";
import type { ItemResult } from "./item-result";
import { laneActions } from "./lanes/lane-actions";
import type { Letter } from "./letter";
import { type Items, namedLetters } from "./named-letters";
import { DISCARD, GET, ITEMS, LIST, PUT } from "./params";
import { policiesOf, policyActions } from "./policies/policy-actions";
import { POLICIES } from "./policies/stored-policies";
import { putLetters } from "./put";
import { getLetter, type LetterFilter, listLetters } from "./query";
import { beginRedrives } from "./redrive/begin-redrives";
import { REDRIVE_CHUNKS, REDRIVES } from "./redrive/collections";
import { redriveActions } from "./redrive/redrive-actions";
import type { RedriveRunner } from "./redrive/runner";
import { retryLetters } from "./retry-letters";
import { letterPorts, planBy, redeliverBy } from "./service-ports";
import { countLetters } from "./sizes/counts";
import { STATE } from "./state";
import { type LetterStats, letterStats } from "./stats";
import { realTime, type Time } from "./time";
import type { LetterDetails, LetterRow } from "./view";

interface Variables {
  time: Time;
  forgetDrain?: () => void;
  chores?: { drain(): Promise<void> };
  redrives?: RedriveRunner;
  drain(): Promise<void>;
}

// Any number of letters, each with a delivery of its own. The typings do not know an action's timeout.
const NO_TIMEOUT = { timeout: 0 } as object;

/** Keeps what could not be delivered, until it is retried, discarded or expired. */
const dlq: MongoServiceSchema<Letter, Variables> = {
  name: "dlq",
  mixins: [
    mongoSchema(DEAD_LETTERS, POLICIES, STATE, REDRIVES, REDRIVE_CHUNKS, DLQ_GROUPS),
    policyActions,
    groupActions,
    redriveActions,
    editActions,
    importActions,
    laneActions,
  ],

  actions: {
    /** Stores letters: put twice while open, it is there once. Throws when MongoDB has not taken all of them. */
    put: {
      visibility: "public",
      params: PUT,
      async handler(
        ctx: Context<{ letters: DeadLetterInput[] }>,
      ): Promise<{ inserted: number; present: number }> {
        const ports = { ...letterPorts(this), plan: planBy(this, await policiesOf(this)) };
        const { inserted, present } = await putLetters(this.collection, ctx.params.letters, ports);
        for (const letter of inserted) ports.tell("received", letter);
        await ports.reopen(new Set(inserted.flatMap(({ fingerprint }) => fingerprint ?? [])));
        return { inserted: inserted.length, present };
      },
    },

    /** Letters that failed last come first → rows without their bytes. */
    list: {
      params: LIST,
      handler(ctx: Context<LetterFilter & Paging>): Promise<Page<LetterRow>> {
        return listLetters(this.collection, ctx.params);
      },
    },

    /** One letter with its bytes and history. Throws WEIR_DEAD_LETTER_NOT_FOUND. */
    get: {
      params: GET,
      handler(ctx: Context<{ id: string }>): Promise<LetterDetails> {
        return getLetter(this.collection, ctx.params.id);
      },
    },

    /** Delivers letters again to the group that failed → one result per letter. By `id`, `ids`, or a `filter`: all open ones that match. */
    retry: {
      ...NO_TIMEOUT,
      params: ITEMS,
      async handler(ctx: Context<Items>): Promise<ItemResult[]> {
        const ids = await namedLetters(this.collection, ctx.params);
        const plan = planBy(this, await policiesOf(this));
        return retryLetters({ ...letterPorts(this), plan, redeliver: redeliverBy(ctx.call.bind(ctx)) }, ids);
      },
    },

    /** Closes letters for good, with a reason and who says so → one result per letter. */
    discard: {
      params: DISCARD,
      async handler(ctx: Context<Items & { reason: string; by?: string }>): Promise<ItemResult[]> {
        const { reason, by = callerOf(ctx) } = ctx.params;
        const ids = await namedLetters(this.collection, ctx.params);
        return discardLetters(letterPorts(this), ids, { reason, by } satisfies Discard);
      },
    },

    /** Counts by status, and of the open letters by reason, topic, event type, group and age. */
    stats: {
      params: STRICT,
      async handler(): Promise<LetterStats> {
        return letterStats(await countLetters(this.collection, this.time.now()));
      },
    },
  },

  methods: {
    async drain() {
      await Promise.all([this.chores?.drain(), this.redrives?.drain()]);
    },
  },

  created() {
    this.time = realTime(() => serverTime(this.adapter.uri));
  },

  async started() {
    this.chores = beginChores(this, this.logger);
    this.redrives = beginRedrives(this, this.logger);
    this.forgetDrain = onDrain(this.broker, "dlq", () => this.drain());
  },

  async stopped() {
    this.forgetDrain?.();
    await this.drain();
  },
};

/** Of a call that does not say who makes it: the service, else the node. */
function callerOf({ caller, nodeID }: Context): string {
  return caller ?? `a call from ${nodeID}`;
}

export default dlq;
