import { hash } from "node:crypto";
import type { Catalog } from "../../schemas/catalog";
import type { EventEnvelope } from "../../schemas/delivery";
import { type ReadMessage, readMessage } from "./read-message";

/** Where in Kafka a message is. */
export interface Place {
  topic: string;
  partition: number;
  offset: string;
}

/** Messages of a partition that are remembered: two groups that are further apart both look for themselves. */
const REMEMBERED = 65_536;

/**
 * Reads messages for all groups of a gateway. That a message was found acceptable is remembered by its place and a digest of its
 * bytes, so that each further group parses it, and spares the checks, which cost several times as much. Every group gets an
 * event of its own: what one handler does to it is no other's affair.
 */
export class MessageReader {
  private readonly partitions = new Map<string, Accepted>();

  constructor(private readonly catalog: Catalog) {}

  read(value: Buffer | null, { topic, partition, offset }: Place): ReadMessage {
    if (value === null || value.length === 0) return readMessage(value, this.catalog);
    const accepted = this.acceptedOf(`${topic}/${partition}`);
    const at = Number(offset);
    const digest = hash("sha1", value, "buffer");
    if (accepted.has(at, digest)) return { event: JSON.parse(value.toString("utf8")) as EventEnvelope };
    const read = readMessage(value, this.catalog);
    if (read.event) accepted.remember(at, digest);
    return read;
  }

  private acceptedOf(partition: string): Accepted {
    let accepted = this.partitions.get(partition);
    if (!accepted) {
      accepted = new Accepted();
      this.partitions.set(partition, accepted);
    }
    return accepted;
  }
}

/** The last messages of one partition, in a ring that an offset names its place in; memory that is not used is not there. */
class Accepted {
  /** One more than the offset; 0 for none: filling it with anything else would take the memory at once. */
  private readonly places = new Float64Array(REMEMBERED);
  private readonly digests = new Uint32Array(REMEMBERED * 2);

  has(offset: number, digest: Buffer): boolean {
    const at = offset % REMEMBERED;
    return (
      this.places[at] === offset + 1 &&
      this.digests[2 * at] === digest.readUInt32LE(0) &&
      this.digests[2 * at + 1] === digest.readUInt32LE(4)
    );
  }

  remember(offset: number, digest: Buffer): void {
    const at = offset % REMEMBERED;
    this.places[at] = offset + 1;
    this.digests[2 * at] = digest.readUInt32LE(0);
    this.digests[2 * at + 1] = digest.readUInt32LE(4);
  }
}
