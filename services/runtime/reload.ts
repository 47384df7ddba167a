import { existsSync } from "node:fs";
import path from "node:path";
import type { Service, ServiceBroker } from "moleculer";
import { filesAffectedBy, forget, projectFiles, remember } from "./module-graph";

/** Moleculer's loader notes it on the services that came from a file. */
type FileService = Service & { __filename?: string };

/**
 * Brings a broker's services up to date with their files. A file that cannot be loaded is logged and changes
 * nothing: the service goes on with the code from before, and the file is tried again after every later change.
 */
export class Reloader {
  private readonly broken = new Set<string>();
  private queue: Promise<void> = Promise.resolve();

  constructor(private readonly broker: ServiceBroker) {}

  /** @param changed files that were changed, removed, or are new services */
  reload(changed: ReadonlySet<string>, isServiceFile: (file: string) => boolean): Promise<void> {
    this.queue = this.queue
      .then(() => this.reloadNow(changed, isServiceFile))
      .catch((error: unknown) => this.broker.logger.error("Hot reload failed.", error));
    return this.queue;
  }

  private async reloadNow(
    changed: ReadonlySet<string>,
    isServiceFile: (file: string) => boolean,
  ): Promise<void> {
    this.warnOfStartFiles(changed);
    const affected = filesAffectedBy(changed);
    const running = this.serviceFiles();
    const files = new Set([
      ...running.filter((file) => affected.has(file)),
      ...this.broken,
      ...[...changed].filter((file) => isServiceFile(file)),
    ]);
    const before = forget([...affected, ...this.broken]);
    for (const file of files) {
      if (this.broker.stopping) return;
      if (existsSync(file)) await this.replace(file);
      else await this.remove(file);
    }
    remember(before);
  }

  /** Reads the file before the old service is stopped: only code that can be loaded replaces what runs. */
  private async replace(file: string): Promise<void> {
    const { logger } = this.broker;
    try {
      require(file);
    } catch (error) {
      this.broken.add(file);
      const consequence =
        this.servicesOf(file).length > 0 ? "its code from before goes on" : "the service is not there";
      logger.error(`${label(file)} cannot be loaded; ${consequence}.`, error);
      return;
    }
    await this.stopServicesOf(file);
    try {
      const service = this.broker.loadService(file);
      this.broken.delete(file);
      logger.info(`Hot reload: ${service.fullName} now runs ${label(file)}.`);
    } catch (error) {
      this.broken.add(file);
      logger.error(`${label(file)} is no valid service; the service is not there.`, error);
    }
  }

  private async remove(file: string): Promise<void> {
    this.broken.delete(file);
    if (this.servicesOf(file).length === 0) return;
    await this.stopServicesOf(file);
    this.broker.logger.info(`Hot reload: ${label(file)} is gone, and so is its service.`);
  }

  private async stopServicesOf(file: string): Promise<void> {
    for (const service of this.servicesOf(file)) await this.broker.destroyService(service);
  }

  private servicesOf(file: string): FileService[] {
    return (this.broker.services as FileService[]).filter((service) => service.__filename === file);
  }

  private serviceFiles(): string[] {
    return (this.broker.services as FileService[]).flatMap((service) => service.__filename ?? []);
  }

  /** Files that no service imports were read once, by moleculer.config.ts. */
  private warnOfStartFiles(changed: ReadonlySet<string>): void {
    const loaded = new Set(projectFiles());
    const services = new Set(this.serviceFiles());
    for (const file of changed) {
      const reloads = [...filesAffectedBy([file])].some(
        (affected) => services.has(affected) || this.broken.has(affected),
      );
      if (loaded.has(file) && !reloads) {
        this.broker.logger.warn(
          `${label(file)} is read at start only: restart the gateway to apply the change.`,
        );
      }
    }
  }
}

function label(file: string): string {
  return path.relative(process.cwd(), file);
}
