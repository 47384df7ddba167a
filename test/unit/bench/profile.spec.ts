import assert from "node:assert/strict";
import path from "node:path";
import { type CpuProfile, hottestOf, timeByArea } from "../../bench/profile/self-time";

const ROOT = path.resolve(__dirname, "../../..");

const frame = (id: number, functionName: string, file: string, children: number[] = [], lineNumber = 1) => ({
  id,
  callFrame: { functionName, url: file && !file.includes(":") ? `file://${ROOT}/${file}` : file, lineNumber },
  children,
});

const profile: CpuProfile = {
  nodes: [
    frame(1, "(root)", "", [2, 3, 4, 5, 12]),
    frame(2, "(garbage collector)", "", [], -1),
    frame(3, "(idle)", "", [], -1),
    frame(4, "processTicks", "node:internal/process/task_queues", [6], 10),
    frame(5, "insertMany", "node_modules/mongodb/lib/collection.js", [7]),
    frame(6, "readMessage", "services/bridge/read-message.ts", [9, 10]),
    frame(7, "write", "node:buffer", [8], 3),
    frame(8, "utf8Write", "", [], -1),
    frame(9, "validate20", "", [], 2),
    frame(10, "takeChunk", "services/bridge/path.ts", [11]),
    // A function of this name is no member of a plain object's prototype.
    frame(11, "constructor", "node_modules/@scope/thing/index.js"),
    frame(12, "decode", "node_modules/kafkajs/src/protocol/decoder.js"),
  ],
  //         the time of each is that until the next
  samples: [2, 3, 4, 5, 8, 9, 6, 10, 11, 12, 12],
  timeDeltas: [0, 10, 1_000, 20, 30, 40, 50, 60, 70, 80, 90],
};

describe("the summary of a CPU profile", () => {
  const areas = new Map(timeByArea(profile).map(({ area, us }) => [area, us]));

  it("sums the time that functions ran themselves, by area", () => {
    assert.equal(areas.get("garbage collection"), 10);
    assert.equal(areas.get("idle"), 1_000);
    assert.equal(areas.get("AJV"), 50);
    assert.equal(areas.get("JSON"), 60);
    assert.equal(areas.get("weir: services/bridge"), 70);
    assert.equal(areas.get("package @scope/thing"), 80);
    assert.equal(areas.get("kafkajs"), 90);
  });

  it("gives the time of V8's and Node.js's own functions to whoever called them", () => {
    assert.equal(areas.get("MongoDB driver and BSON"), 30 + 40);
    assert.equal(areas.get("Node.js"), 20);
  });

  it("loses nothing", () => {
    const sum = [...areas.values()].reduce((total, us) => total + us, 0);
    assert.equal(
      sum,
      profile.timeDeltas.reduce((total, us) => total + us, 0),
    );
  });

  it("names the functions that ran longest, without idling", () => {
    const [first, second] = hottestOf(profile, 2);
    assert.deepEqual([first?.name, first?.area, first?.us], ["decode", "kafkajs", 90]);
    assert.equal(second?.name, "constructor");
  });
});
