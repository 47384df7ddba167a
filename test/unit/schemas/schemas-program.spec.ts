import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../../..");

describe("npm run schemas", () => {
  let folder: string;
  let events: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "weir-schemas-"));
    events = path.join(folder, "events");
    mkdirSync(path.join(events, "tank.filled"), { recursive: true });
    write("1.0", ["liters"]);
    git("init", "--quiet");
    commit();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { stdio: "pipe" });
  const commit = () => {
    git("add", "--all");
    git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message", "schemas");
  };
  const write = (version: string, required: string[]) =>
    writeFileSync(
      path.join(events, "tank.filled", `${version}.json`),
      JSON.stringify({ type: "object", required, properties: { liters: { type: "number" } } }),
    );
  const run = (...args: string[]) => {
    const program = path.join(ROOT, "schemas/compatibility/program.ts");
    const node = [process.execPath, "--require", "tsx/cjs", program, ...args, events] as const;
    const { status, stdout, stderr } = spawnSync(node[0], node.slice(1), { cwd: ROOT, encoding: "utf8" });
    return { status, stdout, stderr };
  };

  it("lists what there is", () => {
    assert.deepEqual(run(), { status: 0, stdout: "tank.filled 1.0\n", stderr: "" });
  });

  it("--check: a version beside the old one is right, a change of the old one is told with what to do", () => {
    write("1.1", []);
    assert.equal(run("--check").stdout, "Nothing that was promised at HEAD is broken.\n");
    write("1.0", []);
    const { status, stdout } = run("--check");
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^tank\.filled 1\.0\n {2}\/liters: .* \(required_removed\)\n {2}→ Leave tank\.filled\/1\.0\.json as it was; put/,
    );
    commit();
    assert.equal(run("--check").status, 0, "it is committed now");
    assert.equal(run("--check", "--against", "HEAD~1").status, 1);
  });

  it("--check: a version that is gone is told", () => {
    write("1.1", []);
    rmSync(path.join(events, "tank.filled", "1.0.json"));
    assert.match(run("--check").stdout, /\(version_removed\)\n {2}→ Put tank\.filled\/1\.0\.json back/);
  });

  it("--against a folder", () => {
    const copy = path.join(folder, "copy");
    cpSync(events, copy, { recursive: true });
    assert.equal(run("--check", "--against", copy).status, 0);
    write("1.0", []);
    assert.equal(run("--check", "--against", copy).status, 1);
  });

  it("ends with 2 for what it cannot do, and says why", () => {
    for (const [args, message] of [
      [["--check", "--against", "no-such-commit"], /no-such-commit|no such commit/],
      [["--check", "--against", "--output=x"], /Name a commit|argument/],
      [["--chek"], /npm run schemas --/],
    ] as const) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, message);
    }
  });
});
