import type { Context, Service } from "moleculer";
import type { MongoCollections } from "../../../mixins/mongo-schema.mixin";
import { catalogOf } from "../../../schemas/catalog";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import type { Letter } from "../letter";
import { getLetter } from "../query";
import type { LetterDetails } from "../view";
import { type EditRequest, editLetter } from "./edit";
import { EDIT } from "./params";

/** Actions of the `dlq` service: a message put right by hand. */
export const editActions = {
  /**
   * Replaces an open letter's message by a valid one, which is what is handed over from then on; all versions are kept →
   * `LetterDetails`. Throws a ValidationError, WEIR_DEAD_LETTER_NOT_FOUND, WEIR_DEAD_LETTER_CLOSED, WEIR_DEAD_LETTER_BUSY.
   */
  edit: {
    params: EDIT,
    async handler(
      this: Service & MongoCollections<Letter>,
      ctx: Context<EditRequest>,
    ): Promise<LetterDetails> {
      const { topics } = configurationOf(this.broker);
      const ports = { collection: this.collection, catalog: catalogOf(this.broker), topics };
      await editLetter(ports, ctx.params, new Date());
      return getLetter(this.collection, ctx.params.id);
    },
  },
};
