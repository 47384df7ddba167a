// What the specs of the own decoder hold it against.
declare module "kafkajs/src/protocol/requests/fetch/v4/decodeMessages" {
  import type Decoder from "kafkajs/src/protocol/decoder";

  export default function decodeMessages(decoder: Decoder): Promise<
    {
      offset: string;
      key: Buffer | null;
      value: Buffer | null;
      timestamp: string;
      headers: Record<string, unknown>;
      isControlRecord: boolean;
      batchContext: { producerId: string; inTransaction: boolean };
    }[]
  >;
}

declare module "kafkajs/src/protocol/recordBatch/v0/index" {
  export function RecordBatch(batch: object): Promise<{ buffer: Buffer }>;
}

declare module "kafkajs/src/protocol/recordBatch/record/v0/index" {
  export default function Record(record: {
    offsetDelta: number;
    timestampDelta: number;
    key: Buffer | null;
    value: Buffer | null;
    headers: { [name: string]: Buffer | string | (Buffer | string)[] };
  }): object;
}
