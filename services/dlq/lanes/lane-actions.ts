import type { Context, ServiceSchema } from "moleculer";
import type { MongoServiceSchema } from "../../../mixins/mongo-schema.mixin";
import type { LaneFront } from "../../../schemas/lane";
import type { Letter } from "../letter";
import { FRONTS } from "../params";
import { findFronts } from "./fronts";

const schema: Pick<MongoServiceSchema<Letter>, "actions"> = {
  actions: {
    /** The first open letter of each of the lanes that have one: asked for each chunk of a group that keeps order strictly. */
    fronts: {
      visibility: "public",
      params: FRONTS,
      handler(ctx: Context<{ lanes: string[] }>): Promise<LaneFront[]> {
        return findFronts(this.collection, ctx.params.lanes);
      },
    },
  },
};

/** The part of the dlq service that tells who waits for whom: a mixin. */
export const laneActions = schema as Partial<ServiceSchema>;
