import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { WeirError } from "../../schemas/errors";
import { lastLines } from "./run-program";
import { type Command, startWatched, type WatchedProcess } from "./watched-process";

/** What differs between the servers. */
export interface ServerPlan {
  name: string;
  /** Puts into the data folder what the server needs there, and gives its command line. */
  prepare(): Promise<Command>;
  /** One look: true once clients can use the server. It may throw for "not yet". */
  isReady(): Promise<boolean>;
}

const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** One server on fixed ports and a fixed data folder, which can be stopped and started again. */
export class EmbeddedServer {
  /** Called when a server that was ready ended without having been told to. */
  onUnexpectedExit: () => void = () => undefined;
  private process: WatchedProcess | null = null;

  constructor(private readonly plan: ServerPlan) {}

  get name(): string {
    return this.plan.name;
  }

  /** The process id; null while the server does not run. */
  get pid(): number | null {
    return this.process?.pid ?? null;
  }

  /** Resolves when clients can use the server; otherwise it is stopped, and the error holds the end of its log. */
  async start(onSpawned?: (pid: number) => void): Promise<void> {
    if (this.process) return;
    const command = await this.plan.prepare();
    const started = await startWatched(command);
    this.process = started;
    onSpawned?.(started.pid);
    let ended = false;
    let ready = false;
    started.exited.then(() => {
      ended = true;
      if (this.process !== started) return;
      this.process = null;
      if (ready) this.onUnexpectedExit();
    });

    const limit = Date.now() + START_LIMIT_MS;
    while (!ended && Date.now() < limit) {
      ready = await this.plan.isReady().catch(() => false);
      if (ready) return;
      await delay(LOOK_EVERY_MS);
    }
    await this.kill();
    throw await this.startFailure(ended, command.logFile);
  }

  /** Orderly; a server that takes too long is killed. */
  async stop(): Promise<void> {
    const running = this.forget();
    if (!running) return;
    running.signal("SIGTERM");
    // A paused server hears of the stop when it goes on.
    running.signal("SIGCONT");
    const limit = AbortSignal.timeout(STOP_LIMIT_MS);
    limit.addEventListener("abort", () => running.signal("SIGKILL"));
    await running.exited;
  }

  /** As a crash: nothing is flushed or said goodbye to. */
  async kill(): Promise<void> {
    const running = this.forget();
    running?.signal("SIGKILL");
    await running?.exited;
  }

  /** Freezes the server: connections stay open, and nothing is answered. */
  pause(): void {
    this.process?.signal("SIGSTOP");
  }

  resume(): void {
    this.process?.signal("SIGCONT");
  }

  private forget(): WatchedProcess | null {
    const running = this.process;
    this.process = null;
    return running;
  }

  private async startFailure(ended: boolean, logFile: string): Promise<WeirError> {
    const log = await readFile(logFile, "utf8").catch(() => "");
    const what = ended ? "ended while starting" : `was not ready after ${START_LIMIT_MS / 1000} s`;
    return new WeirError(
      "WEIR_SERVER_START_FAILED",
      `The embedded ${this.name} ${what}. The end of its log (${logFile}):\n${lastLines(log)}`,
    );
  }
}
