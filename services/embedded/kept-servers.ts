import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedServer } from "./embedded-server";
import { kafkaServer } from "./kafka-server";
import type { Addresses, Programs, ServerName } from "./keeper-protocol";
import { mongoServer } from "./mongo-server";
import type { Ports } from "./ports";
import type { ServersFile } from "./servers-file";

const RESTART_DELAY_MS = 1000;
/** A server that fell over sooner would only do so again: it is not brought back before somebody asks for it. */
export const MINIMUM_LIFE_MS = 10_000;

interface Kept {
  server: EmbeddedServer;
  addresses: Addresses;
  /** Resolves when clients can use the server. */
  up: Promise<void>;
}

type Running = Pick<ServersFile, "kafka" | "mongo">;

/** The keeper's servers: each is started when the first client asks for it, and brought back when it falls over. */
export class KeptServers {
  private readonly kept = new Map<ServerName, Kept>();
  private stopping = false;

  constructor(
    private readonly dataDir: string,
    private readonly ports: Ports,
    private readonly log: (line: string) => void,
    /** Told what runs, whenever that changes. */
    private readonly onChange: (running: Running) => void,
  ) {}

  /** Those that do not run and for which no program is given. */
  missing(need: ServerName[], programs: Programs): ServerName[] {
    return need.filter((name) => !this.kept.has(name) && !programs[name]);
  }

  /** Resolves when all that is needed runs; the programs of those that do not run yet must be there. */
  async ensure(need: ServerName[], programs: Programs): Promise<Addresses> {
    const needed = need.map((name) => this.kept.get(name) ?? this.open(name, programs));
    await Promise.all(needed.map(({ up }) => up));
    return Object.assign({}, ...needed.map(({ addresses }) => addresses));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.kept.values()].map(({ server }) => server.stop()));
  }

  private open(name: ServerName, programs: Programs): Kept {
    const kept = this.make(name, programs);
    this.kept.set(name, kept);
    kept.up = this.run(name, kept);
    return kept;
  }

  private make(name: ServerName, { kafka, mongo }: Programs): Kept {
    const up = Promise.resolve();
    if (name === "kafka" && kafka) {
      const plan = kafkaServer(kafka, this.dataDir, this.ports);
      return { server: new EmbeddedServer(plan), addresses: { brokers: plan.brokers }, up };
    }
    if (name === "mongo" && mongo) {
      const plan = mongoServer(mongo, this.dataDir, this.ports);
      return { server: new EmbeddedServer(plan), addresses: { mongoUrl: plan.url }, up };
    }
    throw new Error(`No program was given for ${name}.`);
  }

  private async run(name: ServerName, kept: Kept): Promise<void> {
    const { server } = kept;
    const since = Date.now();
    server.onUnexpectedExit = () => this.bringBack(name, kept, Date.now() - since);
    try {
      await server.start(() => this.changed());
      this.log(`${server.name} is ready after ${Date.now() - since} ms, as process ${server.pid}.`);
    } catch (error) {
      this.log(String(error));
      this.forget(name);
      throw error;
    }
  }

  private bringBack(name: ServerName, kept: Kept, lifeMs: number): void {
    if (this.stopping) return;
    this.log(`${kept.server.name} ended by itself after ${lifeMs} ms.`);
    if (lifeMs < MINIMUM_LIFE_MS) {
      this.forget(name);
      return;
    }
    this.changed();
    kept.up = delay(RESTART_DELAY_MS).then(() => (this.stopping ? undefined : this.run(name, kept)));
    // Who asks meanwhile waits for it and is told; else it is in the log.
    kept.up.catch(() => undefined);
  }

  private forget(name: ServerName): void {
    this.kept.delete(name);
    this.changed();
  }

  private changed(): void {
    const running: Running = {};
    for (const { server, addresses } of this.kept.values()) {
      if (server.pid === null) continue;
      if (addresses.brokers) running.kafka = { pid: server.pid, brokers: addresses.brokers };
      if (addresses.mongoUrl) running.mongo = { pid: server.pid, url: addresses.mongoUrl };
    }
    if (!this.stopping) this.onChange(running);
  }
}
