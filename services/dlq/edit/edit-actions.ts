import type { Context, ServiceSchema } from "moleculer";
import type { MongoServiceSchema } from "../../../mixins/mongo-schema.mixin";
import { catalogOf } from "../../../schemas/catalog";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import type { Letter } from "../letter";
import { getLetter } from "../query";
import type { Time } from "../time";
import type { LetterDetails } from "../view";
import { type EditRequest, editLetter } from "./edit";
import { EDIT } from "./params";

const schema: Pick<MongoServiceSchema<Letter, { time: Time }>, "actions"> = {
  actions: {
    /**
     * Replaces an open letter's message by a valid one, which is what is handed over from then on; all versions are kept →
     * `LetterDetails`. Throws a ValidationError, WEIR_DEAD_LETTER_NOT_FOUND, WEIR_DEAD_LETTER_CLOSED, WEIR_DEAD_LETTER_BUSY.
     */
    edit: {
      params: EDIT,
      async handler(ctx: Context<EditRequest>): Promise<LetterDetails> {
        const { topics } = configurationOf(this.broker);
        const ports = { collection: this.collection, catalog: catalogOf(this.broker), topics };
        await editLetter(ports, ctx.params, this.time.now());
        return getLetter(this.collection, ctx.params.id);
      },
    },
  },
};

/** The part of the dlq service that puts a message right by hand: a mixin. */
export const editActions = schema as Partial<ServiceSchema>;
