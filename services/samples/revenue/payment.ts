import type { Collection } from "mongodb";
import type { EventFor } from "../../../schemas/event-for";

/** A document of `sample_payments`. */
export interface Payment {
  payment_id: string;
  event_id: string;
  /** UTC, such as 2026-03-02. */
  day: string;
  currency: string;
  amount_cents: number;
}

export interface DailyRevenue {
  day: string;
  currency: string;
  payments: number;
  amount_cents: number;
}

/** Null where the currency is the code for none. */
export function paymentOf({ event_id, payload }: EventFor<"payment.captured">): Payment | null {
  const { payment_id, captured_at, currency, amount_cents } = payload;
  if (currency === "XXX") return null;
  return {
    payment_id,
    event_id,
    day: new Date(captured_at).toISOString().slice(0, 10),
    currency,
    amount_cents,
  };
}

export async function dailyRevenue(payments: Collection<Payment>): Promise<DailyRevenue[]> {
  const sums = await payments
    .aggregate<{ _id: { day: string; currency: string }; payments: number; amount_cents: number }>([
      {
        $group: {
          _id: { day: "$day", currency: "$currency" },
          payments: { $sum: 1 },
          amount_cents: { $sum: "$amount_cents" },
        },
      },
      { $sort: { "_id.day": -1, "_id.currency": 1 } },
    ])
    .toArray();
  return sums.map(({ _id, ...rest }) => ({ ..._id, ...rest }));
}
