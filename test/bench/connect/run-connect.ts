import { MongoClient } from "mongodb";
import type { Running } from "../child/run-child";
import { quartersOf } from "../report/statistics";
import { sharedNow } from "../session/clock";
import { processCpuMs, processRssMb } from "../session/process-cpu";
import { createEventIndexes } from "../ways/hand-made-store";
import { type SinkMode, type SinkTarget, sinkSettings } from "./connect-settings";
import { startWorker } from "./connect-worker";
import { connectProgram } from "./fetch-connect";

export interface ConnectJob extends SinkTarget {
  brokers: string[];
  /** The connector's name; its group is `connect-<name>`. */
  name: string;
}

const RSS_EVERY_MS = 100;

/** Kafka Connect with MongoDB's sink as a process under measurement; the time of its JVM's start is not counted. */
export async function startConnect(job: ConnectJob, mode: SinkMode): Promise<Running> {
  const worker = await startWorker(await connectProgram(process.env), job.brokers);
  const { pid, exited } = worker.process;
  const broken = exited.then(async () => {
    throw new Error(`Kafka Connect ended too early:\n${await worker.log()}`);
  });
  broken.catch(() => undefined);
  try {
    await prepareCollection(job, mode);
    const gcBefore = await worker.gcPausesMs();
    const cpuBefore = processCpuMs(pid) ?? Number.NaN;
    const rss: number[] = [];
    const sample = () => rss.push(processRssMb(pid) ?? Number.NaN);
    const sampling = setInterval(sample, RSS_EVERY_MS);
    const begunAt = sharedNow();
    await worker.run(job.name, sinkSettings(job, mode));
    return {
      begunAt,
      broken,
      kill: async () => {
        clearInterval(sampling);
        await worker.stop("SIGKILL");
      },
      end: async () => {
        const cpuMs = (processCpuMs(pid) ?? Number.NaN) - cpuBefore;
        clearInterval(sampling);
        sample();
        const gcMs = (await worker.gcPausesMs()) - gcBefore;
        await worker.stop();
        const rssPeakMb = Math.max(...rss);
        return { handled: null, cpuMs, rssPeakMb, rssQuartersMb: quartersOf(rss), gcMs, loopDelayMs: null };
      },
    };
  } catch (error) {
    await worker.stop("SIGKILL");
    throw error;
  }
}

/** The same indexes as the others'; where doubles may be inserted, none may refuse them. */
async function prepareCollection({ mongoUrl, database }: ConnectJob, mode: SinkMode): Promise<void> {
  const client = await MongoClient.connect(mongoUrl, { useUnifiedTopology: true });
  try {
    await createEventIndexes(client.db(database), ({ unique, ...index }) =>
      mode === "idempotent" && unique ? { ...index, unique } : index,
    );
  } finally {
    await client.close();
  }
}
