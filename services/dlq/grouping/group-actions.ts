import type { Context, ServiceSchema } from "moleculer";
import type { Collection } from "mongodb";
import type { MongoCollections, MongoServiceSchema } from "../../../mixins/mongo-schema.mixin";
import { BY, PAGING, type Page, REASON, STRICT } from "../../../schemas/query-params";
import type { Letter } from "../letter";
import { FILTER, FINGERPRINT } from "../params";
import type { RedriveJob } from "../redrive/job";
import type { Time } from "../time";
import { type FailureGroup, GROUP_STATUSES } from "./group";
import { type GroupRow, type GroupsRequest, listGroups } from "./list-groups";
import { type GroupStores, type SetGroup, setGroup } from "./set-group";

const GROUPS = {
  ...STRICT,
  filter: FILTER,
  status: { type: "enum", values: [...GROUP_STATUSES], optional: true },
  ...PAGING,
} as const;

const SET_GROUP = {
  ...STRICT,
  fingerprint: FINGERPRINT,
  status: { type: "enum", values: [...GROUP_STATUSES] },
  note: { ...REASON, optional: true },
  by: BY,
} as const;

const schema: Pick<MongoServiceSchema<Letter, { time: Time }>, "actions"> = {
  actions: {
    /** Open letters by their cause → a page of `GroupRow`, the most frequent first. */
    groups: {
      params: GROUPS,
      handler(ctx: Context<GroupsRequest>): Promise<Page<GroupRow>> {
        const jobs = this.collections.redrives as Collection<RedriveJob>;
        return listGroups({ ...storesOf(this), jobs }, ctx.params);
      },
    },

    /** Says of a cause that it is known, resolved or to be ignored → what is written of it. Throws WEIR_FAILURE_GROUP_NOT_FOUND. */
    setGroup: {
      params: SET_GROUP,
      async handler(ctx: Context<SetGroup>) {
        const group = await setGroup(storesOf(this), ctx.params, this.time.now());
        const { _id, at, history, ...said } = group;
        const told = history.map((entry) => ({ ...entry, at: entry.at.toISOString() }));
        return { fingerprint: _id, ...said, at: at.toISOString(), history: told };
      },
    },
  },
};

/** The part of the dlq service that tells what is broken, and keeps what people say of it: a mixin. */
export const groupActions = schema as Partial<ServiceSchema>;

function storesOf({ collection, collections }: MongoCollections<Letter>): GroupStores {
  return { letters: collection, groups: collections.dlq_groups as Collection<FailureGroup> };
}
