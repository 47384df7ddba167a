import { laneOf } from "../../mixins/event-handler/lane";
import { bySpecificity, matcherOf } from "../../mixins/event-handler/patterns";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { Outcome } from "../../schemas/delivery";
import type { PluginGroup } from "./groups";

/** Whether the handler that gets events of a type keeps their order strictly: as the plugin's own node chooses it. */
export function keepsOrder(
  { patterns, strict }: Pick<PluginGroup, "patterns" | "strict">,
  eventType: string,
) {
  if (strict.length === 0) return false;
  const chosen = [...patterns].sort(bySpecificity).find((pattern) => matcherOf(pattern)(eventType));
  return chosen !== undefined && strict.includes(chosen);
}

/** What makes the letter of a failed event hold back those behind it; without a key there is no order to keep. */
export function laneOfLetter(
  group: string,
  { topic, partition, key, scope }: { topic: string; partition: number; key: string | null; scope?: string },
  { behind }: Extract<Outcome, { status: "failed" }>,
): Pick<DeadLetterInput, "lane" | "behind"> {
  if (key === null) return {};
  const lane = laneOf({ group, topic, partition, key, ...(scope !== undefined && { scope }) });
  return { lane, ...(behind !== undefined && { behind }) };
}
