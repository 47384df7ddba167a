import type { ServiceBroker } from "moleculer";
import type { ImportResult } from "../bridge/import/import-topic";
import type { LetterDetails } from "../dlq/view";
import { type CommandInput, Misuse } from "./command";
import { letterText } from "./dlq-text";
import { table } from "./table";

const IMPORT = "dlq import <topic> [--topic <where they came from>]";
const EDIT = `dlq edit <id> --event '{ "event_id": … }' --by <who> --note "<why>"`;

export const MESSAGE_USAGE = [IMPORT, EDIT];

/** Of the command `dlq`: letters made of a topic, and a message put right by hand. */
export const MESSAGE_ACTIONS = {
  async import(broker: ServiceBroker, topics: string[], { topic: original_topic }: CommandInput["options"]) {
    const [topic, ...rest] = topics;
    if (topic === undefined || rest.length > 0) throw new Misuse(`One topic is needed: ${IMPORT}`);
    const params = { topic, ...(original_topic !== undefined && { original_topic }) };
    // As long as the topic is.
    const answer = await broker.call<ImportResult, object>("dlq.importTopic", params, { timeout: 0 });
    const row = [answer.topic, answer.imported, answer.present];
    return table(["topic", "letters made", "there already"], [row]);
  },
  async edit(broker: ServiceBroker, ids: string[], { event, by, note }: CommandInput["options"]) {
    const [id, ...rest] = ids;
    const texts = [event, by, note].every((text) => typeof text === "string");
    if (id === undefined || rest.length > 0 || !texts)
      throw new Misuse(`One letter, the whole event, who says so and why are needed: ${EDIT}`);
    const edited = { id, raw: event, by, note };
    return letterText(await broker.call<LetterDetails, object>("dlq.edit", edited));
  },
};
