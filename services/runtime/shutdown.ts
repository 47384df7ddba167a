import type { ServiceBroker } from "moleculer";
import { unfinishedDrains } from "./drain";
import type { Logger } from "./logger";
import { withinLimit } from "./within-limit";

const RELEASE_LIMIT_MS = 15_000;

export interface ShutdownOptions {
  logger: Logger;
  /** For the broker's stop, draining included. What is released afterwards has a limit of its own. */
  deadlineMs: number;
  /** `process.exit` when not given. */
  exit?(code: number): void;
}

interface Release {
  name: string;
  run(): Promise<void>;
}

/** The one way in which a gateway's process ends: in order, within its deadline, with an exit code that is true. */
export class Shutdown {
  private broker: ServiceBroker | undefined;
  private stopBroker: () => Promise<void> = async () => undefined;
  private readonly releases: Release[] = [];
  private readonly problems: string[] = [];
  private failed = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: ShutdownOptions) {}

  get begun(): boolean {
    return this.running !== undefined;
  }

  /** The broker to stop. A start that fails is told in one line and ends the process. */
  own(broker: ServiceBroker): void {
    this.broker = broker;
    broker.localBus.on("$broker.error", ({ error, type }: { error: Error; type: string }) => {
      if (this.begun) this.problems.push(`${type}: ${error.message}`);
    });
    const load = broker.loadService.bind(broker);
    broker.loadService = (file) => {
      try {
        return load(file);
      } catch (error) {
        // The broker has logged it; the runner would print it again, with a stack. Nothing has started yet.
        if (!broker.started) this.exit(1);
        throw error;
      }
    };
    // Whoever stops the broker, such as the command line's `quit`, ends the process: it must end in order too.
    this.stopBroker = broker.stop.bind(broker);
    broker.stop = () => this.begin("the broker was asked to stop");
    const start = broker.start.bind(broker);
    broker.start = () =>
      start().catch(async () => {
        // The broker has logged the error itself.
        await this.begin("the gateway could not start", { failed: true });
      });
  }

  /** Something to let go of after the broker's stop; the last that was taken goes first. */
  release(name: string, run: () => Promise<void>): void {
    this.releases.unshift({ name, run });
  }

  /** Stops everything and ends the process. Called again, it waits for the same end. */
  begin(reason: string, { failed = false } = {}): Promise<void> {
    this.failed ||= failed;
    this.running ??= this.run(reason);
    return this.running;
  }

  private async run(reason: string): Promise<void> {
    const { logger, deadlineMs } = this.options;
    logger.info(`Stopping (${reason}), within ${deadlineMs / 1000} s.`);
    const { broker } = this;
    if (broker) {
      await this.step("the services", deadlineMs, this.stopBroker);
      for (const { name, problem } of unfinishedDrains(broker)) this.problems.push(`${name}: ${problem}`);
    }
    for (const { name, run } of this.releases) await this.step(name, RELEASE_LIMIT_MS, run);
    if (this.problems.length > 0) logger.error(`Stopped, but not finished: ${this.problems.join("; ")}.`);
    else logger.info(this.failed ? "Stopped." : "Stopped; everything in hand was finished.");
    this.exit(this.failed || this.problems.length > 0 ? 1 : 0);
  }

  private exit(code: number): void {
    (this.options.exit ?? process.exit)(code);
  }

  private async step(name: string, limitMs: number, run: () => Promise<void>): Promise<void> {
    try {
      const ended = await withinLimit(run(), limitMs);
      if (!ended) this.problems.push(`${name} did not stop within ${limitMs / 1000} s`);
    } catch (error) {
      this.problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
