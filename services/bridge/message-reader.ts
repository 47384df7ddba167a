import { crc32 } from "node:zlib";
import { deepFreeze } from "../../mixins/event-handler/deep-freeze";
import type { Catalog } from "../../schemas/catalog";
import type { EventEnvelope } from "../../schemas/delivery";
import type { SharedMessage } from "../kafka/shared-fetches";
import { type ReadMessage, readMessage } from "./read-message";

/** Where in Kafka a message comes from. */
export interface Place {
  topic: string;
  partition: number;
}

/** Messages of a partition that are remembered: two groups that are further apart both look for themselves. */
const REMEMBERED = 65_536;
const BACKSLASH = 0x5c;

/**
 * Reads messages for all groups of a gateway. That a message was found acceptable is remembered by its place, its length and its
 * bytes' CRC-32, so that each further group parses it, and spares the checks, which cost several times as much. The sum only has to
 * tell a topic that was made anew from the former one: nobody meets both by chance. Groups that are handed the same message get the
 * same event, frozen, so that what one handler does to it is no other's affair; the others get one of their own.
 */
export class MessageReader {
  private readonly topics = new Map<string, Accepted[]>();

  constructor(
    private readonly catalog: Catalog,
    /** Whether several groups read here: what they may be handed the same is frozen then, and what was checked is remembered. */
    private readonly isShared: () => boolean,
  ) {}

  read(message: SharedMessage, { topic, partition }: Place): ReadMessage {
    const { readers } = message;
    if (readers === undefined) return this.readAnew(message, topic, partition);
    const known = message.readBy === this ? (message.read as ReadMessage) : undefined;
    const read = known ?? this.readAnew(message, topic, partition);
    message.readers = readers - 1;
    message.read = readers > 1 ? read : undefined;
    message.readBy = readers > 1 ? this : undefined;
    return read;
  }

  private readAnew(message: SharedMessage, topic: string, partition: number): ReadMessage {
    // One group alone reads nothing twice but what it could not get done, and what was behind that.
    if (!this.isShared()) return readMessage(message.value, this.catalog);
    const read = this.readOne(message, topic, partition);
    if (read.event) deepFreeze(read.event);
    return read;
  }

  private readOne({ value, offset }: SharedMessage, topic: string, partition: number): ReadMessage {
    if (value === null || value.length === 0) return readMessage(value, this.catalog);
    const accepted = this.acceptedOf(topic, partition);
    const at = Number(offset);
    const sum = crc32(value);
    if (accepted.has(at, value.length, sum)) {
      return { event: JSON.parse(value.toString("utf8")) as EventEnvelope };
    }
    const read = readMessage(value, this.catalog);
    // What is parsed again is not looked at again: where V8 may misread a name (see lossIn), it has to be.
    if (read.event && !value.includes(BACKSLASH)) accepted.remember(at, value.length, sum);
    return read;
  }

  private acceptedOf(topic: string, partition: number): Accepted {
    let partitions = this.topics.get(topic);
    if (!partitions) {
      partitions = [];
      this.topics.set(topic, partitions);
    }
    partitions[partition] ??= new Accepted();
    return partitions[partition];
  }
}

/** The last messages of one partition, in a ring that an offset names its place in; memory that is not used is not there. */
class Accepted {
  /** One more than the offset; 0 for none: filling it with anything else would take the memory at once. */
  private readonly places = new Float64Array(REMEMBERED);
  private readonly lengths = new Uint32Array(REMEMBERED);
  private readonly sums = new Uint32Array(REMEMBERED);

  has(offset: number, length: number, sum: number): boolean {
    const at = offset % REMEMBERED;
    return this.places[at] === offset + 1 && this.lengths[at] === length && this.sums[at] === sum;
  }

  remember(offset: number, length: number, sum: number): void {
    const at = offset % REMEMBERED;
    this.places[at] = offset + 1;
    this.lengths[at] = length;
    this.sums[at] = sum;
  }
}
