import type { Context, ServiceSchema } from "moleculer";
import { type IdempotentRun, idempotentActions } from "../../mixins/idempotent-action.mixin";

interface Charge {
  order_id: string;
  amount_cents: number;
}

interface Charged extends Charge {
  charge_id: string;
}

/** A provider of payments, which every charge costs money. */
export const provider = {
  charges: [] as Charged[],
  async charge(charge: Charge): Promise<Charged> {
    if (charge.amount_cents > 100_000) throw new Error("The card was declined.");
    const charged = { ...charge, charge_id: `ch-${provider.charges.length + 1}` };
    provider.charges.push(charged);
    return charged;
  },
  async find(order_id: string): Promise<Charged | undefined> {
    return provider.charges.find((charge) => charge.order_id === order_id);
  },
};

const payments: ServiceSchema = {
  name: "payments",
  mixins: [
    idempotentActions({
      charge: {
        ttl: 24 * 3_600_000, // ms that the answer is kept; one hour by default
        lease: 60_000, // ms that one call may take; five minutes by default
      },
    }),
  ],
  actions: {
    charge: {
      params: { $$strict: true, order_id: "string", amount_cents: "number" },
      async handler(ctx: Context<Charge, object, { idempotency?: IdempotentRun }>): Promise<Charged> {
        const { order_id, amount_cents } = ctx.params;
        // The node that was at it before has died: its charge may have gone through.
        const before = ctx.locals.idempotency?.taken_over && (await provider.find(order_id));
        return before || provider.charge({ order_id, amount_cents });
      },
    },
  },
};

export default payments;
