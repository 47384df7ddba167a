import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { allCommitted, createSpace, type Space } from "../support";
import { type Daemon, SERVICES, startDaemon } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";
import { makePoison, type Poison } from "../support/poison";

const TYPE = "order.placed";
/** What no run may need, however bad the messages: Node's own few hundred, and several of the largest chunks. */
const MEMORY_LIMIT_MB = 1_200;

interface Letter {
  offset: string;
  reason: string;
  group?: string;
  raw: { buffer: Buffer } | null;
}

interface Stored {
  event_id: string;
  timestamp_text: string;
  kafka: { offset: string };
  [member: string]: unknown;
}

describe("poison: messages that were made to do harm", function () {
  this.timeout(180_000);
  let space: Space;
  let gateway: Daemon;
  const poison = makePoison(TYPE, 2_200);

  before(async () => {
    space = await createSpace();
    await space.createTopics([TYPE], 1);
    gateway = startDaemon({
      args: [...SERVICES, "test/fixtures/effects-batch.service.ts"],
      env: daemonEnvironment(space.configuration),
    });
    await gateway.logged(/^ready/, { limitMs: 60_000 });
    for (let at = 0; at < poison.length; ) {
      // A request has a limit of its own: the large ones come first, and go alone.
      const size = at < 20 ? 1 : 100;
      await space.produce(
        TYPE,
        poison.slice(at, at + size).map(({ message }) => message),
      );
      at += size;
    }
    await allCommitted(space, ["events", "effects-batch"], [TYPE], 120_000);
  });
  after(async () => {
    gateway?.kill("SIGTERM");
    await gateway?.exit().catch(() => undefined);
    await gateway?.end();
    await space.close();
  });

  it("leaves the process alive, and its memory bounded", () => {
    assert.equal(gateway.child.exitCode, null);
    assert.deepEqual(
      gateway.log().filter(({ level, msg }) => level === "fatal" || /waits at|new one takes/.test(msg)),
      [],
      "no group had to wait",
    );
    const peakMb = peakMemoryMb(gateway.child.pid ?? 0);
    assert.ok(peakMb < MEMORY_LIMIT_MB, `the process needed ${peakMb} MB`);
  });

  it("makes each a letter once with its exact bytes, or stores it just as it came", async () => {
    const letters = byOffset(
      await space.db.collection<Letter>("dead_letters").find({}).toArray(),
      ({ offset }) => offset,
    );
    const stored = byOffset(
      await space.db.collection<Stored>("events").find({}).toArray(),
      ({ kafka }) => kafka.offset,
    );
    const wrong = poison.flatMap((one, offset) => {
      const fault = faultOf(one, letters.get(offset) ?? [], stored.get(offset) ?? []);
      return fault ? [`${one.kind} at ${offset}: ${fault}`] : [];
    });
    assert.deepEqual(wrong.slice(0, 20), []);
  });

  it("hands a plugin what is stored and nothing else", async () => {
    const stored = await space.db.collection("events").distinct("event_id", {});
    const effects = await space.db.collection("effects").find({}).toArray();
    assert.deepEqual(effects.map(({ event_id }) => event_id).sort(), stored.sort());
  });
});

function faultOf({ expected, message }: Poison, letters: Letter[], stored: Stored[]): string | null {
  if (letters.length + stored.length !== 1)
    return `it is ${letters.length} letters and ${stored.length} stored events`;
  const [letter] = letters;
  if (expected === "letter" && !letter) return "it was accepted";
  if (expected === "accepted" && letter) return `it was refused as ${letter.reason}`;
  const bytes = message.value === null ? null : Buffer.from(message.value);
  if (letter) {
    const same = bytes === null ? letter.raw === null : letter.raw?.buffer.equals(bytes);
    return same ? null : "its letter has other bytes";
  }
  const { event_id, event_type, event_version, timestamp_text, aggregate_id, metadata, payload } =
    stored[0] as Stored;
  const event = {
    event_id,
    event_type,
    event_version,
    timestamp: timestamp_text,
    ...(aggregate_id !== undefined && { aggregate_id }),
    metadata,
    payload,
  };
  try {
    // Written once more, a zero loses its sign, which MongoDB does not keep either.
    assert.deepEqual(event, JSON.parse(JSON.stringify(JSON.parse(String(bytes)))));
    return null;
  } catch {
    return "it was stored with another content";
  }
}

function byOffset<T>(list: T[], offsetOf: (item: T) => string): Map<number, T[]> {
  const map = new Map<number, T[]>();
  for (const item of list) {
    const offset = Number(offsetOf(item));
    map.set(offset, [...(map.get(offset) ?? []), item]);
  }
  return map;
}

function peakMemoryMb(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
