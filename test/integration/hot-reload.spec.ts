import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { temporaryFolder, waitFor } from "../support";
import { type Daemon, startDaemon, writeFiles } from "../support/daemon";

const ROOT = path.resolve(__dirname, "../..");

const CONFIG = `
  import { daemonOptions } from ${JSON.stringify(path.join(ROOT, "services/runtime/daemon"))};
  export default daemonOptions;`;

/** Answers `/<service>` with what the service's action says, and how many services of that name there are. */
const PROBE = `
  import { createServer } from "node:http";
  export default {
    name: "probe",
    started() {
      const answer = async (name) => {
        const said = await this.broker.call(name + ".say").catch(() => "nothing");
        return { said, services: this.broker.services.filter((service) => service.name === name).length };
      };
      const server = createServer(async (request, response) => response.end(JSON.stringify(await answer(request.url.slice(1)))));
      server.listen(0, "127.0.0.1", () => this.logger.info("probe on " + server.address().port));
    },
  };`;

function greeter(says: string, name = "greeter"): string {
  return `
    import { decorate } from "./decorate";
    const name: string = "${name}";
    export default { name, actions: { say: () => decorate("${says}") } };`;
}

describe("hot reload", () => {
  let daemon: Daemon;
  let folder: string;
  let port: number;
  let remove: () => Promise<void>;
  const greeterFile = () => path.join(folder, "services/greeter.service.ts");

  before(async () => {
    ({ folder, remove } = await temporaryFolder());
    writeFiles(folder, {
      "moleculer.config.ts": CONFIG,
      "services/probe.service.ts": PROBE,
      "services/greeter.service.ts": greeter("hello"),
      "services/decorate.ts": `export const decorate = (text: string) => text + "!";`,
    });
    daemon = startDaemon({
      args: ["--hot", path.join(folder, "services")],
      config: path.join(folder, "moleculer.config.ts"),
    });
    port = Number((await daemon.logged(/^probe on/)).msg.split(" ").pop());
    await daemon.logged(/^Hot reload watches/);
  });
  after(async () => {
    await daemon.end();
    await remove();
  });

  async function ask(name: string): Promise<{ said: string; services: number }> {
    return (await (await fetch(`http://127.0.0.1:${port}/${name}`)).json()) as {
      said: string;
      services: number;
    };
  }

  async function says(said: string, name = "greeter"): Promise<void> {
    await waitFor(async () => (await ask(name)).said === said, { what: `${name} to say ${said}` });
    assert.equal((await ask(name)).services, said === "nothing" ? 0 : 1);
  }

  /** Writes the file, and waits for the error that it makes. */
  async function breakWith(contents: string, error: RegExp): Promise<void> {
    const after = daemon.log().length;
    writeFileSync(greeterFile(), contents);
    assert.match((await daemon.logged(error, { after })).err?.stack ?? "", /\w/);
  }

  it("brings an edited service to life", async () => {
    await says("hello!");
    writeFileSync(greeterFile(), greeter("good morning"));
    await says("good morning!");
  });

  it("brings a service to life whose imported module was edited", async () => {
    writeFileSync(
      path.join(folder, "services/decorate.ts"),
      `export const decorate = (text: string) => text + "?";`,
    );
    await says("good morning?");
  });

  it("goes on with the code from before after faulty edits, one after the other, until one is right", async () => {
    await breakWith(
      "export default { name: ",
      /greeter\.service\.ts cannot be loaded; its code from before goes on/,
    );
    await says("good morning?");
    await breakWith(`throw new Error("not yet");`, /cannot be loaded; its code from before goes on/);
    await breakWith(
      `import "./nowhere"; ${greeter("unseen")}`,
      /cannot be loaded; its code from before goes on/,
    );
    await says("good morning?");
    writeFileSync(greeterFile(), greeter("good evening"));
    await says("good evening?");
  });

  it("mends a service through the module that was faulty", async () => {
    const after = daemon.log().length;
    const file = path.join(folder, "services/decorate.ts");
    writeFileSync(file, "export const decorate = (");
    await daemon.logged(/greeter\.service\.ts cannot be loaded/, { after });
    await says("good evening?");
    writeFileSync(file, `export const decorate = (text: string) => text + ".";`);
    await says("good evening.");
  });

  it("survives a service that is none, and one that cannot start", async () => {
    await breakWith(`export default { name: "" };`, /greeter\.service\.ts is no valid service/);
    await says("nothing");
    await breakWith(
      `export default { name: "greeter", started() { throw new Error("no server"); } };`,
      /Unable to start service/,
    );
    writeFileSync(greeterFile(), greeter("good night"));
    await says("good night.");
  });

  it("follows editors that put another file in the place of the old one", async () => {
    const replaceWith = (contents: string) => {
      const temporary = path.join(folder, "services/.greeter.swp");
      writeFileSync(temporary, contents);
      renameSync(temporary, greeterFile());
    };
    replaceWith(greeter("renamed"));
    await says("renamed.");
    const after = daemon.log().length;
    replaceWith("export default {");
    await daemon.logged(/cannot be loaded/, { after });
    replaceWith(greeter("renamed again"));
    await says("renamed again.");
  });

  it("takes up a new service, and gives up one whose file is removed", async () => {
    const file = path.join(folder, "services/plugins/late.service.ts");
    writeFiles(folder, {
      "services/plugins/late.service.ts": `export default { name: "late", actions: { say: () => "here" } };`,
    });
    await says("here", "late");
    rmSync(file);
    await says("nothing", "late");
    await says("renamed again.");
  });

  it("says that a change of the configuration needs a restart", async () => {
    writeFiles(folder, { "moleculer.config.ts": `${CONFIG}\n` });
    const { msg } = await daemon.logged(/moleculer\.config\.ts is read at start only/);
    assert.match(msg, /restart the gateway/);
  });

  it("stops as ever", async () => {
    daemon.kill("SIGTERM");
    assert.equal(await daemon.exit(), 0);
  });
});
