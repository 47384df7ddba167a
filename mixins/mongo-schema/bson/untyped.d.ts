declare module "mongodb/lib/core" {
  /** What the driver asks of the serializer of a connection; `bson` 1.1 has no typings of its own. */
  export interface Bson {
    serialize(document: unknown, options?: SerializeOptions): Buffer;
    deserialize(bytes: Buffer, options?: object): unknown;
    calculateObjectSize(document: unknown, options?: object): number;
  }
  export interface SerializeOptions {
    checkKeys?: boolean;
    serializeFunctions?: boolean;
    /** Default true; the driver says false of every command. */
    ignoreUndefined?: boolean;
    minInternalBufferSize?: number;
  }
  export const BSON: new () => Bson;
}
