// Made by `npm run generate` from the schemas in events/. Do not edit.
// biome-ignore-all format: as generated

import type { EventEnvelope } from "./delivery";

/**
 * The order will not be fulfilled.
 */
export interface OrderCancelledPayload {
  /**
   * The order
   */
  order_id: string;
  reason: "customer_request" | "payment_failed" | "out_of_stock" | "fraud_suspected";
  /**
   * Who decided
   */
  cancelled_by: "customer" | "support" | "system";
  /**
   * When it was decided
   */
  cancelled_at: string;
  /**
   * What goes back to the customer
   */
  refund_cents?: number;
  note?: string;
}

/**
 * The order's whole amount has been received.
 */
export interface OrderPaidPayload {
  /**
   * The order
   */
  order_id: string;
  /**
   * The payment that completed it
   */
  payment_id: string;
  /**
   * Amount received
   */
  amount_cents: number;
  /**
   * ISO 4217 code
   */
  currency: string;
  /**
   * When the amount was complete
   */
  paid_at: string;
}

/**
 * A customer has placed an order; nothing is paid yet.
 */
export interface OrderPlacedPayload {
  /**
   * The order, also the event's aggregate_id
   */
  order_id: string;
  /**
   * The user who ordered
   */
  customer_id: string;
  /**
   * ISO 4217 code
   */
  currency: string;
  /**
   * Sum of all items with tax and shipping, in the currency's smallest unit
   */
  total_cents: number;
  /**
   * @minItems 1
   * @maxItems 500
   */
  items: [
    {
      /**
       * Stock keeping unit
       */
      sku: string;
      name: string;
      quantity: number;
      /**
       * Price of one piece
       */
      unit_price_cents: number;
    },
    ...{
      /**
       * Stock keeping unit
       */
      sku: string;
      name: string;
      quantity: number;
      /**
       * Price of one piece
       */
      unit_price_cents: number;
    }[]
  ];
  shipping_address: {
    name: string;
    street: string;
    city: string;
    postal_code: string;
    /**
     * ISO 3166-1 alpha-2 code
     */
    country: string;
  };
  /**
   * What the customer wrote to the shop
   */
  note?: string;
}

/**
 * A parcel of the order has left the warehouse.
 */
export interface OrderShippedPayload {
  /**
   * The order
   */
  order_id: string;
  /**
   * Who carries the parcel
   */
  carrier: "dhl" | "dpd" | "gls" | "ups";
  tracking_number: string;
  /**
   * When it left
   */
  shipped_at: string;
  /**
   * Day of arrival that the carrier expects
   */
  estimated_delivery?: string;
  /**
   * @minItems 1
   * @maxItems 500
   */
  items: [
    {
      /**
       * Stock keeping unit
       */
      sku: string;
      quantity: number;
    },
    ...{
      /**
       * Stock keeping unit
       */
      sku: string;
      quantity: number;
    }[]
  ];
}

/**
 * Money has been taken from the customer.
 */
export interface PaymentCapturedPayload {
  /**
   * The payment, also the event's aggregate_id
   */
  payment_id: string;
  /**
   * What it is for
   */
  order_id: string;
  /**
   * Amount captured
   */
  amount_cents: number;
  /**
   * ISO 4217 code
   */
  currency: string;
  method: "card" | "paypal" | "bank_transfer" | "invoice";
  /**
   * When the bank confirmed
   */
  captured_at: string;
  card?: {
    brand: "visa" | "mastercard" | "amex";
    last4: string;
  };
}

/**
 * An attempt to take money has failed.
 */
export interface PaymentFailedPayload {
  /**
   * The payment, also the event's aggregate_id
   */
  payment_id: string;
  /**
   * What it was for
   */
  order_id: string;
  /**
   * Amount asked for
   */
  amount_cents: number;
  /**
   * ISO 4217 code
   */
  currency: string;
  method: "card" | "paypal" | "bank_transfer" | "invoice";
  failure_code: "insufficient_funds" | "card_declined" | "expired_card" | "limit_exceeded" | "provider_unavailable";
  /**
   * What the provider said
   */
  message?: string;
  /**
   * Whether the same payment may be tried again
   */
  retryable: boolean;
  /**
   * When the provider answered
   */
  failed_at: string;
}

/**
 * A user has another email address.
 */
export interface UserEmailChangedPayload {
  /**
   * The user, also the event's aggregate_id
   */
  user_id: string;
  /**
   * The address until now
   */
  old_email: string;
  /**
   * The address from now on
   */
  new_email: string;
  /**
   * Whether the new address was confirmed
   */
  verified: boolean;
  /**
   * When it was changed
   */
  changed_at: string;
}

/**
 * A new customer account exists.
 */
export interface UserRegisteredPayload {
  /**
   * The user, also the event's aggregate_id
   */
  user_id: string;
  /**
   * Not verified yet
   */
  email: string;
  name: string;
  /**
   * ISO 3166-1 alpha-2 code
   */
  country?: string;
  /**
   * BCP 47 tag
   */
  locale?: string;
  /**
   * When the account was made
   */
  registered_at: string;
  marketing_consent: boolean;
}

export interface EventMap {
  "order.cancelled": EventEnvelope<"order.cancelled", OrderCancelledPayload>;
  "order.paid": EventEnvelope<"order.paid", OrderPaidPayload>;
  "order.placed": EventEnvelope<"order.placed", OrderPlacedPayload>;
  "order.shipped": EventEnvelope<"order.shipped", OrderShippedPayload>;
  "payment.captured": EventEnvelope<"payment.captured", PaymentCapturedPayload>;
  "payment.failed": EventEnvelope<"payment.failed", PaymentFailedPayload>;
  "user.email_changed": EventEnvelope<"user.email_changed", UserEmailChangedPayload>;
  "user.registered": EventEnvelope<"user.registered", UserRegisteredPayload>;
}
