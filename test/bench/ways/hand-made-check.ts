import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../../schemas/catalog";
import type { EventEnvelope } from "../../../schemas/delivery";
import envelope from "../../../schemas/envelope/envelope.json";

export type Check = (value: unknown) => EventEnvelope | null;

/** What the ways without a gateway check events by: AJV and ajv-formats as they come, with the same schemas. */
export function handMadeCheck(): Check {
  const compile = (schema: object) =>
    addFormats(new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true })).compile(schema);
  const isEnvelope = compile(envelope);
  const payloads = new Map(
    loadCatalog({ dirs: [BUILT_IN_SCHEMAS] })
      .list()
      .map(({ event_type, event_version, schema }) => [`${event_type} ${event_version}`, compile(schema)]),
  );
  return (value) => {
    if (!isEnvelope(value)) return null;
    const event = value as EventEnvelope;
    const isPayload = payloads.get(`${event.event_type} ${event.event_version}`);
    return isPayload?.(event.payload) ? event : null;
  };
}
