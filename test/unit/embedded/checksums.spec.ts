import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { verifyFile, verifyFolder } from "../../../services/embedded/checksums";
import { temporaryFolder } from "../../support";

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

describe("checksums of fetched files", () => {
  let folder: string;
  let remove: () => Promise<void>;
  const table = { "a.jar": sha256("a"), "b.jar": sha256("b") };

  beforeEach(async () => {
    ({ folder, remove } = await temporaryFolder());
    await writeFile(path.join(folder, "a.jar"), "a");
    await writeFile(path.join(folder, "b.jar"), "b");
  });
  afterEach(() => remove());

  it("accept a folder with exactly the files of the table", async () => {
    await verifyFolder(folder, table);
    assert.deepEqual((await readdir(folder)).sort(), ["a.jar", "b.jar"]);
  });

  it("refuse a changed file, say what came, and delete it", async () => {
    await writeFile(path.join(folder, "b.jar"), "evil");

    await assert.rejects(verifyFolder(folder, table), (error: { type: string; message: string }) => {
      assert.equal(error.type, "WEIR_CHECKSUM_MISMATCH");
      assert.match(error.message, new RegExp(`b\\.jar .*${sha256("b")}.*${sha256("evil")}`));
      return true;
    });
    assert.deepEqual(await readdir(folder), ["a.jar"]);
  });

  it("refuse a file that nobody asked for", async () => {
    await writeFile(path.join(folder, "c.jar"), "c");
    await assert.rejects(verifyFolder(folder, table), /c\.jar .*expected no such file/);
    assert.ok(!(await readdir(folder)).includes("c.jar"));
  });

  it("name the files that did not come", async () => {
    await assert.rejects(verifyFolder(folder, { ...table, "d.jar": sha256("d") }), /were not: d\.jar/);
  });

  it("tell a single file that is right from one that is not", async () => {
    await verifyFile(path.join(folder, "a.jar"), table["a.jar"]);
    await assert.rejects(verifyFile(path.join(folder, "a.jar"), table["b.jar"]), /a\.jar is not the file/);
  });
});
