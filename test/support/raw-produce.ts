import { once } from "node:events";
import { connect } from "node:net";

/**
 * Sends a record batch to partition 0 of a topic just as another client framed it (Produce, version 7: the first that takes zstd). Rejects with the
 * broker's error code. https://kafka.apache.org/protocol#The_Messages_Produce
 */
export async function produceRaw(broker: string, topic: string, batch: Buffer): Promise<void> {
  const [host, port] = broker.split(":");
  const socket = connect(Number(port), host);
  try {
    await once(socket, "connect");
    const body = Buffer.concat([
      ...[int16(0), int16(7), int32(1), text("weir-test")],
      ...[int16(-1), int16(-1), int32(10_000)],
      ...[int32(1), text(topic), int32(1), int32(0), int32(batch.length), batch],
    ]);
    socket.write(Buffer.concat([int32(body.length), body]));
    let answer = Buffer.alloc(0);
    while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
      const [data] = (await once(socket, "data")) as [Buffer];
      answer = Buffer.concat([answer, data]);
    }
    // Size, correlation, one topic with its name, one partition with its number.
    const at = 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4;
    const code = answer.readInt16BE(at);
    if (code !== 0) throw new Error(`the broker answered with error code ${code}`);
  } finally {
    socket.destroy();
  }
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}
