import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "moleculer";
import { matchesAny } from "../../mixins/event-handler/patterns";
import type { Catalog } from "../../schemas/catalog";
import type { Configuration } from "../../schemas/configuration/configuration";
import { WeirError } from "../../schemas/errors";
import { GroupRunner, type RunnerPorts } from "./group-runner";
import { groupsOf, type PluginGroup, type RegisteredService } from "./groups";
import type { TopicKeeper } from "./topic-keeper";
import { topicsOf } from "./topics";

export interface SupervisorPorts {
  configuration: Configuration;
  catalog: Catalog;
  topics: TopicKeeper;
  runner: RunnerPorts;
  logger: Logger;
  services(): RegisteredService[];
}

const RECONCILE_AGAIN_MS = 1_000;

interface Supervised {
  plugin: PluginGroup;
  runner: GroupRunner;
  /** Set while no node hosts the plugin: when it fires, the group gives its partitions back. */
  grace: NodeJS.Timeout | null;
  pausedByHand: boolean;
}

/** Runs one consumer for each group that the registry shows, and keeps them in step with it. */
export class GroupSupervisor {
  readonly groups = new Map<string, Supervised>();
  private work: Promise<void> = Promise.resolve();
  private draining = false;
  /** True while the last attempt to be in step with the registry has failed. */
  private behind = false;
  private again: NodeJS.Timeout | null = null;
  private readonly told = new Set<string>();

  constructor(private readonly ports: SupervisorPorts) {}

  /** Brings the consumers in step with the registry; calls queue up behind each other. */
  reconcile(): Promise<void> {
    this.work = this.work
      .then(() => (this.draining ? undefined : this.reconcileOnce()))
      .then(() => {
        this.behind = false;
      })
      .catch((error) => this.tryAgain(error));
    return this.work;
  }

  /** Lets chunks in hand end and leaves every group. */
  async drain(): Promise<void> {
    this.draining = true;
    if (this.again) clearTimeout(this.again);
    for (const { grace } of this.groups.values()) if (grace) clearTimeout(grace);
    await Promise.all([...this.groups.values()].map(({ runner }) => runner.stop()));
    await this.work;
  }

  pause(group: string | undefined, paused: boolean): string[] {
    const chosen = [...this.groups].filter(([name]) => group === undefined || name === group);
    if (group !== undefined && chosen.length === 0) throw unknownGroup(group, [...this.groups.keys()]);
    for (const [, supervised] of chosen) {
      supervised.pausedByHand = paused;
      this.applyPause(supervised);
    }
    return chosen.map(([name]) => name);
  }

  get troubles(): string[] {
    return [...this.groups.values()].flatMap(({ runner, grace }) => (grace ? [] : runner.troubles));
  }

  /** Resolves when every group that the registry shows now has joined. */
  async allJoined(): Promise<void> {
    for (await this.work; this.behind && !this.draining; await this.work) await delay(RECONCILE_AGAIN_MS);
    await Promise.all([...this.groups.values()].map(({ runner }) => runner.joined));
  }

  private tryAgain(error: Error): void {
    this.behind = true;
    this.ports.logger.warn(
      `The groups are not in step with the registry yet, trying again: ${error.message}`,
    );
    this.again = setTimeout(() => void this.reconcile(), RECONCILE_AGAIN_MS);
  }

  private async reconcileOnce(): Promise<void> {
    const { groups: wanted, conflicts } = groupsOf(this.ports.services());
    for (const { group, services } of conflicts) {
      this.tellOnce(
        `Services ${services.join(" and ")} both claim group ${group}: only ${services[0]} gets its events. Give the other a group of its own.`,
      );
    }
    for (const [group, supervised] of this.groups) if (!wanted.has(group)) this.pluginAway(supervised);
    const results = await Promise.allSettled(
      [...wanted.values()].map((plugin) => {
        const known = this.groups.get(plugin.group);
        return known ? this.update(known, plugin) : this.begin(plugin);
      }),
    );
    await Promise.all([...this.groups.values()].map(({ runner }) => runner.checkIdle()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  private async begin(plugin: PluginGroup, pausedByHand = false): Promise<void> {
    const wanted = this.topicsFor(plugin);
    if (wanted.length === 0) {
      this.tellOnce(
        `Group ${plugin.group} asks for ${plugin.patterns.join(", ")}, but no known event type matches.`,
      );
      return;
    }
    const topics = await this.ports.topics.ensure(wanted);
    if (topics.length === 0 || this.draining) return;
    const wants = memoized((type) => matchesAny(plugin.patterns, type));
    const groupId = this.ports.configuration.groupPrefix + plugin.group;
    const runner = new GroupRunner(plugin, groupId, topics, wants, this.ports.runner);
    await this.prepare(runner);
    if (this.draining) return;
    const supervised = { plugin, runner, grace: null, pausedByHand };
    this.groups.set(plugin.group, supervised);
    this.applyPause(supervised);
    runner.consumer.start();
  }

  private topicsFor({ patterns }: PluginGroup): string[] {
    const types = this.ports.catalog.types().filter((type) => matchesAny(patterns, type));
    return topicsOf(this.ports.configuration.topics, types);
  }

  /** Says what waits for a group; lets a new one that wants no earlier events begin at the end. */
  private async prepare({ plugin, groupId, topics }: GroupRunner): Promise<void> {
    const { admin } = this.ports.runner;
    const lag = await admin.lag(groupId, topics);
    const waiting = lag.reduce((sum, partition) => sum + partition.lag, 0);
    const isNew = lag.every(({ committed }) => committed === "-1");
    if (isNew && plugin.startFrom === "now") {
      await admin.beginAtEnd(groupId, topics);
      this.ports.logger.info(
        `Group ${plugin.group} is new and begins now: ${waiting} earlier messages are left out`,
      );
    } else {
      const begins = isNew ? "is new and begins at the beginning" : "goes on";
      this.ports.logger.info(
        `Group ${plugin.group} ${begins}: ${waiting} messages waiting in ${topics.length} topics`,
      );
    }
  }

  private async update(known: Supervised, plugin: PluginGroup): Promise<void> {
    const unchanged =
      known.plugin.service === plugin.service &&
      known.plugin.deadLettersRefused === plugin.deadLettersRefused &&
      known.plugin.patterns.join() === plugin.patterns.join() &&
      known.plugin.strict.join() === plugin.strict.join();
    if (unchanged && known.runner.consumer.state !== "stopped" && !(await this.hasNewTopics(known, plugin))) {
      known.plugin = plugin;
      this.pluginBack(known);
      return;
    }
    if (known.grace) clearTimeout(known.grace);
    await known.runner.stop();
    this.groups.delete(plugin.group);
    await this.begin(plugin, known.pausedByHand);
  }

  /** Topics that were missing when the group began, and that somebody has created since. */
  private async hasNewTopics({ runner }: Supervised, plugin: PluginGroup): Promise<boolean> {
    const wanted = this.topicsFor(plugin);
    if (wanted.length === runner.topics.length) return false;
    return (await this.ports.topics.ensure(wanted)).length > runner.topics.length;
  }

  private pluginAway(supervised: Supervised): void {
    if (supervised.grace || supervised.runner.consumer.state === "stopped") return;
    const { group, service } = supervised.plugin;
    const { pluginGraceMs } = this.ports.configuration;
    this.ports.logger.info(
      `Group ${group} waits: no node hosts ${service}; it keeps its partitions for ${pluginGraceMs} ms`,
    );
    supervised.grace = setTimeout(() => {
      this.ports.logger.warn(
        `Group ${group} gives its partitions back: ${service} is away; its events wait in Kafka`,
      );
      supervised.grace = null;
      // The plugin may have come back while the group was being left.
      void supervised.runner.stop().then(() => this.reconcile());
    }, pluginGraceMs);
    this.applyPause(supervised);
  }

  private pluginBack(supervised: Supervised): void {
    if (!supervised.grace) return;
    clearTimeout(supervised.grace);
    supervised.grace = null;
    this.ports.logger.info(`Group ${supervised.plugin.group} goes on: ${supervised.plugin.service} is back`);
    this.applyPause(supervised);
  }

  private applyPause({ runner, pausedByHand, grace }: Supervised): void {
    if (pausedByHand || grace) runner.consumer.pause();
    else runner.consumer.resume();
  }

  private tellOnce(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.ports.logger.warn(message);
  }
}

function unknownGroup(group: string, known: string[]): WeirError {
  return new WeirError(
    "WEIR_GROUP_UNKNOWN",
    `This gateway runs no group ${group}. It runs: ${known.sort().join(", ") || "none"}.`,
    { group, known },
  );
}

function memoized(predicate: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let answer = known.get(text);
    if (answer === undefined) {
      answer = predicate(text);
      known.set(text, answer);
    }
    return answer;
  };
}
