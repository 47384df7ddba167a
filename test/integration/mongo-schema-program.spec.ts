import assert from "node:assert/strict";
import { runProgram } from "../../services/embedded/run-program";
import { createSpace, type Space } from "../support";

describe("npm run indexes", () => {
  let space: Space;
  before(async () => {
    space = await createSpace();
  });
  after(() => space.close());

  const indexes = async (...args: string[]) => {
    const { url, database } = space.configuration.mongo;
    const env = { ...process.env, MONGO_URL: url, WEIR_DATABASE: database, FORCE_COLOR: "0" };
    const program = ["--require", "tsx/cjs", "services/indexes/program.ts", ...args];
    return await runProgram(process.execPath, program, { env });
  };

  it("prints the plan and exits with 1 while something differs, with 0 once it is applied", async () => {
    const before = await indexes("--check");
    assert.equal(before.code, 1);
    assert.match(before.output, /dlq +│ dead_letters +│ identity_open +│ identity +│ unique.*│ missing/);
    assert.equal((await space.db.listCollections().toArray()).length, 0, "looking writes nothing");

    const applied = await indexes("--apply");
    assert.equal(applied.code, 0, applied.output);
    const after = await indexes("--check");
    assert.equal(after.code, 0, after.output);
    assert.match(after.output, /type_by_time .*│ in sync +│ 4 KiB +│ unused since \d{4}-/);
  });

  it("says what differs and what heals it, for one service, also as JSON", async () => {
    await indexes("--apply");
    const letters = space.db.collection("dead_letters");
    await letters.dropIndex("reason_1");
    await letters.createIndex({ reason: 1 }, { name: "reason_1", sparse: true });
    const told = await indexes("--check", "--service", "dlq");
    assert.equal(told.code, 1);
    assert.match(
      told.output,
      /sparse is true, declared false.*npm run indexes -- --apply --rebuild --service dlq/,
    );
    assert.equal((await indexes("--check", "--service", "events")).code, 0);

    const { output } = await indexes("--json", "--service", "dlq");
    const [{ drift, collections }] = JSON.parse(
      output.slice(output.indexOf("[\n"), output.lastIndexOf("]") + 1),
    );
    assert.equal(drift, 1);
    const changed = collections[0].indexes.find((index: { state: string }) => index.state === "changed");
    assert.deepEqual(changed.action, { kind: "rebuild", how: "bridged" });

    assert.equal(
      (await indexes("--apply", "--service", "dlq")).code,
      1,
      "a rebuild is asked for by its name",
    );
    assert.equal((await indexes("--apply", "--rebuild", "--service", "dlq")).code, 0);
  });

  it("exits with 2 for what it does not understand", async () => {
    for (const [args, message] of [
      [["--chek"], /Unknown option '--chek'/],
      [["--rebuild"], /go with --apply/],
      [
        ["--service", "nobody"],
        /No service "nobody" declares collections; these do: dlq, events, idempotency/,
      ],
    ] as const) {
      const { code, output } = await indexes(...args);
      assert.equal(code, 2);
      assert.match(output, message);
    }
  });
});
