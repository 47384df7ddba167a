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
  interface Header {
    key: string;
    value: Buffer | null;
  }
  class Decoder {
    readVarInt(): number;
    readVarIntArray(read: (decoder: Decoder) => Header): { reduce(): unknown };
  }
  export default Decoder;
}

declare module "snappyjs" {
  export function compress(bytes: Uint8Array): Uint8Array;
  export function uncompress(bytes: Uint8Array): Uint8Array;
}
