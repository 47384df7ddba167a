import type { Context } from "moleculer";
import type { Collection } from "mongodb";
import { type MongoServiceSchema, mongoSchema } from "../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { Page, Paging } from "../../schemas/query-params";
import { DEAD_LETTERS } from "./collection";
import { discardLetters } from "./discard";
import { editActions } from "./edit/edit-actions";
import { DLQ_GROUPS } from "./grouping/collection";
import type { FailureGroup } from "./grouping/group";
import { groupActions } from "./grouping/group-actions";
import { reopen } from "./grouping/set-group";
import { importActions } from "./import/import-actions";
import type { ItemResult } from "./item-result";
import type { Letter, LetterTtl } from "./letter";
import { type Items, namedLetters } from "./named-letters";
import { DISCARD, GET, ITEMS, LIST, PUT } from "./params";
import { putLetters } from "./put";
import { getLetter, type LetterFilter, listLetters } from "./query";
import { REDRIVE_CHUNKS, REDRIVES } from "./redrive/collections";
import { type RedriveService, redriveActions, startRedrives } from "./redrive/redrive-actions";
import type { RedriveRunner } from "./redrive/runner";
import { retryLetters } from "./retry";
import { type LetterStats, letterStats } from "./stats";
import type { LetterDetails, LetterRow } from "./view";

interface DlqService {
  ttlDays: LetterTtl;
  redrives: RedriveRunner;
  reopenGroups(fingerprints: Set<string>): Promise<void>;
  /** Tells listeners; nobody waits for them. */
  announce(what: "received" | "retried" | "discarded", letter: Letter): void;
}

// A delivery may wait for a plugin's whole chunk budget.
const REDELIVERY_TIMEOUT_MS = 60_000;
// Any number of letters, each with a delivery of its own. The typings do not know an action's timeout.
const NO_TIMEOUT = { timeout: 0 } as object;

/** Keeps what could not be delivered, until it is retried, discarded or expired. */
const dlq: MongoServiceSchema<Letter, DlqService> = {
  name: "dlq",
  mixins: [mongoSchema(DEAD_LETTERS, REDRIVES, REDRIVE_CHUNKS, DLQ_GROUPS)],

  actions: {
    ...redriveActions,
    ...groupActions,
    ...editActions,
    ...importActions,

    /** Stores letters: put twice while open, it is there once. Throws when MongoDB has not taken all of them. */
    put: {
      visibility: "public",
      params: PUT,
      async handler(
        ctx: Context<{ letters: DeadLetterInput[] }>,
      ): Promise<{ inserted: number; present: number }> {
        const { ttlDays } = this;
        const { inserted, present } = await putLetters(this.collection, ctx.params.letters, {
          ttlDays,
          now: new Date(),
        });
        for (const letter of inserted) this.announce("received", letter);
        await this.reopenGroups(new Set(inserted.flatMap(({ fingerprint }) => fingerprint ?? [])));
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
        return retryLetters(
          {
            collection: this.collection,
            ttlDays: this.ttlDays,
            now: () => new Date(),
            redeliver: (letter) =>
              ctx.call("bridge.redeliver", { letter }, { timeout: REDELIVERY_TIMEOUT_MS }),
            retried: (letter) => this.announce("retried", letter),
          },
          ids,
        );
      },
    },

    /** Closes letters for good, with a reason → one result per letter. */
    discard: {
      params: DISCARD,
      async handler(ctx: Context<Items & { reason: string }>): Promise<ItemResult[]> {
        const ids = await namedLetters(this.collection, ctx.params);
        const { collection, ttlDays } = this;
        const discarded = (letter: Letter) => this.announce("discarded", letter);
        return discardLetters(
          { collection, ttlDays, now: () => new Date(), discarded },
          ids,
          ctx.params.reason,
        );
      },
    },

    /** Counts by status, and of the open letters by reason, event type and group. */
    stats(): Promise<LetterStats> {
      return letterStats(this.collection);
    },
  },

  methods: {
    reopenGroups(fingerprints: Set<string>) {
      return reopen(this.collections.dlq_groups as Collection<FailureGroup>, fingerprints, new Date());
    },

    announce(what: "received" | "retried" | "discarded", letter: Letter) {
      const { _id, reason, event_id, event_type, group } = letter;
      const message = { id: _id.toHexString(), reason, event_id, event_type, group };
      this.broker.emit(`dlq.message.${what}`, message).catch(() => {});
    },
  },

  created() {
    this.ttlDays = configurationOf(this.broker).deadLetterTtlDays;
  },

  started() {
    this.redrives = startRedrives(this as unknown as RedriveService);
  },

  async stopped() {
    await this.redrives?.drain();
  },
};

export default dlq;
