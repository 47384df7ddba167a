declare module "kafkajs/src/network/requestQueue" {
  class RequestQueue {
    pending: unknown[];
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    fulfillRequest(response: unknown): void;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}

declare module "kafkajs/src/broker/index" {
  import type { FetchReply, FetchRequest } from "./shared-fetches";

  class Broker {
    /** `host:port`. */
    brokerAddress: string;
    fetch(request: FetchRequest): Promise<FetchReply>;
  }
  export default Broker;
}

declare module "kafkajs/src/protocol/decoder" {
  class Decoder {
    constructor(bytes: Buffer);
  }
  export default Decoder;
}

declare module "kafkajs/src/protocol/messageSet/decoder" {
  import type Decoder from "kafkajs/src/protocol/decoder";

  export default function decodeMessageSet(decoder: Decoder, length: number): Promise<object[]>;
}

declare module "kafkajs/src/protocol/requests/fetch/v11/response" {
  const response: { decode(bytes: Buffer): Promise<object> };
  export default response;
}

declare module "kafkajs/src/protocol/message/compression/index" {
  /** The codec of a record batch with these attributes; null for none. */
  export function lookupCodecByAttributes(
    attributes: number,
  ): { decompress(bytes: Buffer): Promise<Buffer> } | null;
}

declare module "snappyjs" {
  export function compress(bytes: Uint8Array): Uint8Array;
  export function uncompress(bytes: Uint8Array): Uint8Array;
}
