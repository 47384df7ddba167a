import type { Logger } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { TopicAdmin } from "../kafka/topic-admin";

/** Sees to it that the topics of known event types exist, where that is allowed. */
export class TopicKeeper {
  private readonly told = new Set<string>();

  constructor(
    private readonly admin: TopicAdmin,
    private readonly settings: Configuration["topics"],
    private readonly logger: Logger,
  ) {}

  /** Creates what is missing → those of the topics that exist. */
  async ensure(topics: readonly string[]): Promise<string[]> {
    const existing = await this.admin.existing(topics);
    const missing = topics.filter((topic) => !existing.includes(topic));
    if (missing.length === 0) return existing;
    if (!this.settings.create) {
      this.tellMissing(missing);
      return existing;
    }
    await this.admin.create(missing, this.settings.partitions, this.settings.replicationFactor);
    this.logger.info(
      `Created ${missing.length} topics with ${this.settings.partitions} partitions: ${missing.join(", ")}`,
    );
    return [...topics];
  }

  private tellMissing(missing: string[]): void {
    const fresh = missing.filter((topic) => !this.told.has(topic));
    if (fresh.length === 0) return;
    for (const topic of fresh) this.told.add(topic);
    this.logger.warn(
      `These topics do not exist, and WEIR_CREATE_TOPICS does not allow to create them: ${fresh.join(", ")}. Create them in Kafka; their groups join as soon as they are there.`,
    );
  }
}
