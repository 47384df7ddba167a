import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { LetterMessage } from "../../schemas/letter-message";
import type { BatchedResult, Redelivery, RedeliveryBatch, RedeliveryResult } from "../../schemas/redelivery";
import type { ReplayAnswer, ReplayRequest, ReplayToTopic } from "../../schemas/replay";
import type { EventProducer } from "../kafka/event-producer";
import { type ImportPorts, type ImportRequest, type ImportResult, importTopic } from "./import/import-topic";
import type { Plugins } from "./plugins";
import { sendError } from "./publish";
import { type RedeliverPorts, redeliver } from "./redeliver";
import { redeliverMany } from "./redeliver-many";
import { replay } from "./replay";
import { checkTargets, messagesOf } from "./replay-targets";

export interface HandOverPorts
  extends Pick<ImportPorts, "kafka" | "admin" | "logger" | "catalog" | "signal"> {
  configuration: ImportPorts["configuration"] & { chunk: ImportPorts["limits"] & RedeliverChunk };
  plugins: Plugins;
  producer: EventProducer;
  /** Of its own: a topic that is missing must not hold up what others publish. */
  letterProducer: EventProducer;
  /** Resolves when every letter is stored. */
  deadLetter: ImportPorts["deadLetter"];
}

type RedeliverChunk = Parameters<typeof redeliverMany>[0]["chunk"];

/** What other services have handed over by the bridge, beside the live events: dead letters, stored events, and their topics. */
export class HandOver {
  constructor(private readonly ports: HandOverPorts) {}

  redeliver(letter: Redelivery): Promise<RedeliveryResult> {
    return redeliver(this.redeliverPorts(), letter);
  }

  redeliverMany(batch: RedeliveryBatch): Promise<BatchedResult[]> {
    const { configuration, plugins } = this.ports;
    const ports = {
      ...this.redeliverPorts(),
      chunk: configuration.chunk,
      isLocal: (service: string) => plugins.isLocal(service),
      now: () => Date.now(),
    };
    return redeliverMany(ports, batch);
  }

  importTopic(request: ImportRequest): Promise<ImportResult> {
    return importTopic(
      { ...this.ports, limits: this.ports.configuration.chunk, now: () => new Date() },
      request,
    );
  }

  replay(request: ReplayRequest): Promise<ReplayAnswer> {
    const { plugins, catalog, configuration, deadLetter } = this.ports;
    return replay(
      {
        catalog,
        groups: () => plugins.groups(),
        isLocal: (service) => plugins.isLocal(service),
        maxTransporterBytes: configuration.chunk.maxTransporterBytes,
        deliver: (service, chunk) => plugins.deliver(service, chunk),
        deadLetter: async (letters: DeadLetterInput[]) => void (await deadLetter(letters)),
        now: () => new Date(),
      },
      request,
    );
  }

  async replayToTopic(request: ReplayToTopic): Promise<void> {
    await this.ports.producer.send(messagesOf(request));
  }

  checkTargets(targets: { groups?: string[]; topic?: string }): Promise<void> {
    const { plugins, admin } = this.ports;
    return checkTargets(
      { groups: () => plugins.groups(), existing: (topics) => admin.existing(topics) },
      targets,
    );
  }

  /** Sends what the dlq service tells of its letters. */
  async sendLetters(messages: readonly LetterMessage[]): Promise<void> {
    const outgoing = messages.map(({ value_base64, ...rest }) => {
      return { ...rest, value: value_base64 === null ? null : Buffer.from(value_base64, "base64") };
    });
    await this.ports.letterProducer.send(outgoing).catch((error: unknown) => {
      throw sendError(error);
    });
  }

  private redeliverPorts(): RedeliverPorts {
    const { plugins, catalog, producer } = this.ports;
    return {
      catalog,
      groups: () => plugins.groups(),
      deliver: (service, request) => plugins.deliver(service, request),
      send: async (...messages) => void (await producer.send(messages)),
    };
  }
}
