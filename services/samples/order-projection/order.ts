/** A document of `sample_orders`; all but the first two members wait for their event. */
export interface Order {
  order_id: string;
  /** Ids of the events that this is made of. */
  events: string[];
  customer_id?: string;
  total_cents?: number;
  currency?: string;
  placed_at?: Date;
  paid_at?: Date;
  shipped_at?: Date;
  carrier?: string;
  tracking_number?: string;
  cancelled_at?: Date;
  cancel_reason?: string;
}

export type OrderStatus = "unknown" | "placed" | "paid" | "shipped" | "cancelled";

export type OrderView = Order & { status: OrderStatus };

/** The status is worked out when it is asked for, so that it does not depend on which event came first. */
export function statusOf({ cancelled_at, shipped_at, paid_at, placed_at }: Order): OrderStatus {
  if (cancelled_at) return "cancelled";
  if (shipped_at) return "shipped";
  if (paid_at) return "paid";
  return placed_at ? "placed" : "unknown";
}

export function describeOrder(order: Order & { _id?: unknown }): OrderView {
  const { _id, ...known } = order;
  return { ...known, status: statusOf(order) };
}
