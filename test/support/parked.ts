import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { ItemResult } from "../../services/dlq/item-result";
import type { LetterRow } from "../../services/dlq/view";
import type { Effect } from "./ledger";
import type { Space } from "./space";
import { exampleOf } from "./traffic";

/** Events of `order.placed` that a strict fixture handles, each known by its Kafka key and a number: `a3` is the third of key `a`. */
export class KeyedEvents {
  constructor(
    private readonly space: Space,
    readonly group: string,
  ) {}

  async send(...names: string[]): Promise<void> {
    const messages = names.map((name) => {
      const event = { ...exampleOf("order.placed"), event_id: name, aggregate_id: keyOf(name) };
      return { key: keyOf(name), value: JSON.stringify(event) };
    });
    await this.space.produce("order.placed", messages);
  }

  async breaks(...names: string[]): Promise<void> {
    await this.broken.insertMany(names.map((event_id) => ({ event_id })));
  }

  async mend(...names: string[]): Promise<void> {
    await this.broken.deleteMany({ event_id: { $in: names } });
  }

  /** The events of a key that took effect, in the order in which they did. */
  async handled(key: string): Promise<string[]> {
    const effects = await this.space.db
      .collection<Effect>("effects")
      .find({ group: this.group, key })
      .sort({ at: 1 })
      .toArray();
    return effects.map(({ event_id }) => event_id);
  }

  /** The open letters, by their offsets: event and reason. */
  async waiting(): Promise<string[]> {
    const letters = await this.space.db
      .collection("dead_letters")
      .find({ group: this.group, open: true })
      .sort({ partition: 1, lane_offset: 1 })
      .toArray();
    return letters.map(({ event_id, reason }) => `${event_id} ${reason}`);
  }

  async retry(broker: ServiceBroker, ...names: string[]): Promise<ItemResult[]> {
    const ids = await Promise.all(names.map((name) => this.idOf(broker, name)));
    return broker.call<ItemResult[], object>("dlq.retry", { ids });
  }

  async idOf(broker: ServiceBroker, name: string): Promise<string> {
    const page = await broker.call<Page<LetterRow>, object>("dlq.list", { group: this.group, pageSize: 500 });
    return page.rows.find(({ event_id, open }) => event_id === name && open)?.id ?? "none";
  }

  private get broken() {
    return this.space.db.collection("broken");
  }
}

function keyOf(name: string): string {
  return name.replace(/\d+$/, "");
}
