import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { programEntry } from "../../../services/embedded/program-entry";
import type { FromChild, Job, Measured, ToChild } from "./job";

const MAIN = path.join(__dirname, `main${path.extname(__filename)}`);
/** Both as the product's own start scripts have them, for every way. */
const MALLOC = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "131072" };
const FLAGS = ["--max-semi-space-size=32", "--heap-growing-percent=60", "--no-allocation-site-pretenuring"];
const STOP_LIMIT_MS = 30_000;

/** A process under measurement. */
export interface Running {
  /** When its measured time began, on the shared clock. */
  begunAt: number;
  /** Rejects when the process ends before it was told to. */
  broken: Promise<never>;
  /** Ends the measured time and stops the process in order → what it used. */
  end(): Promise<Measured>;
  /** Ends the process in any case. */
  kill(): Promise<void>;
}

/** Starts a way in a process of its own. */
export async function startChild(job: Job): Promise<Running> {
  const { execArgv, args } = programEntry(MAIN, JSON.stringify(job));
  const child = spawn(process.execPath, [...FLAGS, ...execArgv, ...args], {
    env: { ...process.env, ...MALLOC, NODE_ENV: "production" },
    // Its standard output goes where the errors go: the results have the other one for themselves.
    stdio: ["ignore", 2, 2, "ipc"],
    serialization: "advanced",
  });
  const closed = once(child, "close");
  const broken = closed.then(([code, signal]) => {
    throw new Error(`The process of ${job.way} ended too early (${signal ?? code}); what it said is above.`);
  });
  broken.catch(() => undefined);
  const next = <Kind extends FromChild["kind"]>(kind: Kind) => Promise.race([messageOf(child, kind), broken]);
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await closed;
  };
  const { at } = await next("begun").catch(async (error) => {
    await kill();
    throw error;
  });
  return {
    begunAt: at,
    broken,
    kill,
    end: async () => {
      const end: ToChild = { kind: "end" };
      child.send(end);
      const { measured } = await next("measured");
      await Promise.race([closed, delay(STOP_LIMIT_MS, undefined, { ref: false })]);
      await kill();
      return measured;
    },
  };
}

function messageOf<Kind extends FromChild["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromChild, { kind: Kind }>> {
  return new Promise((resolve) => {
    const listen = (message: FromChild) => {
      if (message.kind !== kind) return;
      child.off("message", listen);
      resolve(message as Extract<FromChild, { kind: Kind }>);
    };
    child.on("message", listen);
  });
}
