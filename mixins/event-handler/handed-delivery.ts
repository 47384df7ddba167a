import type { Context } from "moleculer";
import type { DeliverItem, DeliverRequest, Delivery, EventTransaction } from "../../schemas/delivery";

/** Makes an AbortController only when a handler asks for the signal: most never do. */
export class Cancellation {
  private controller: AbortController | null = null;
  private reason: Error | null = null;

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  cancel(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/** The delivery that a handler is given, put together from the request, the item and this run. */
export class HandedDelivery implements Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Record<string, string>;
  readonly replay?: string;
  readonly tx?: EventTransaction;

  constructor(
    readonly ctx: Context,
    request: DeliverRequest,
    { delivery }: DeliverItem,
    readonly redelivered: boolean,
    readonly attempt: number,
    private readonly cancellation: Cancellation,
    tx?: EventTransaction,
  ) {
    if (tx) this.tx = tx;
    this.topic = delivery.topic ?? request.topic;
    this.partition = delivery.partition ?? request.partition;
    this.offset = delivery.offset;
    this.key = delivery.key;
    this.headers = delivery.headers;
    if (delivery.replay !== undefined) this.replay = delivery.replay;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }
}
