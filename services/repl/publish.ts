import type { ServiceBroker } from "moleculer";
import type { EventTypeVersion } from "../../schemas/catalog";
import type { Published, PublishRequest } from "../bridge/publish";
import { type CommandInput, defineCommand, Misuse } from "./command";
import { firstExample } from "./example";
import { table } from "./table";

const USAGE = `publish <event_type> [--payload '{ "…": … }'] [--key <key>]`;

/** What to publish for what was typed; without a payload it is the type's first valid example. */
export async function publishRequest(
  broker: ServiceBroker,
  { operands, options }: CommandInput,
): Promise<PublishRequest> {
  const [event_type, ...rest] = operands;
  if (event_type === undefined) {
    const known = await broker.call<{ event_type: string }[]>("schemas.list");
    const types = [...new Set(known.map((version) => version.event_type))];
    throw new Misuse(`Which event type? ${USAGE}\nKnown are: ${types.join(", ")}.`);
  }
  if (rest.length > 0)
    throw new Misuse(`"${rest.join(" ")}" is too much: put a payload with blanks between '…'. ${USAGE}`);
  const key = typeof options.key === "string" ? { key: options.key } : {};
  if (options.payload !== undefined) return { event_type, payload: payloadOf(options.payload), ...key };

  const { file, event_version } = await broker.call<EventTypeVersion, object>("schemas.get", { event_type });
  const example = await firstExample(file);
  if (!example) throw new Misuse(`${event_type} has no example on this machine: give a payload. ${USAGE}`);
  const { payload, aggregate_id } = example;
  return { event_type, event_version, payload: payload as PublishRequest["payload"], aggregate_id, ...key };
}

function payloadOf(text: string | true): PublishRequest["payload"] {
  let payload: unknown;
  try {
    payload = JSON.parse(String(text));
  } catch (error) {
    throw new Misuse(`The payload is not JSON: ${(error as Error).message}. ${USAGE}`);
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw new Misuse(`The payload must be a JSON object. ${USAGE}`);
  return payload as PublishRequest["payload"];
}

export const publishCommand = defineCommand({
  command: "publish [event_type] [rest...]",
  description: "Publish one event; without a payload, the example of its type under a new id",
  options: [
    { option: "--payload <json>", description: "the payload, a JSON object between '…'" },
    { option: "--key <key>", description: "Kafka key: events of one key stay in order" },
  ],
  async run(broker, input) {
    const request = await publishRequest(broker, input);
    const { event_id, topic, partition, offset } = await broker.call<Published, PublishRequest>(
      "bridge.publish",
      request,
    );
    return table(["event id", "topic", "partition", "offset"], [[event_id, topic, partition, offset]]);
  },
});
