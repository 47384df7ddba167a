import path from "node:path";
import type { Options } from "ajv";
import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import envelopeSchema from "../envelope/envelope.json";
import { dateTime } from "./date-time";
import { schemaFault } from "./schema-files";
import { type Violation, violationsFrom } from "./violations";

/** One schema, compiled twice: to decide fast, and to tell everything that is wrong. */
export interface CompiledSchema {
  accepts(value: unknown): boolean;
  /** All that is wrong with the value, its paths below `prefix`; the second compilation is made at the first call. */
  violations(value: unknown, prefix: string): Violation[];
}

// No `$data`, no defaults, no coercion, no removal: an event is accepted as it came, or refused.
const OPTIONS: Options = { strict: true, strictRequired: false, allowUnionTypes: true };

export function compileEnvelope(): CompiledSchema {
  return compilePayload(envelopeSchema, path.join(__dirname, "..", "envelope", "envelope.json"));
}

/** Throws WEIR_SCHEMA_INVALID naming the file when the schema is no valid JSON Schema (draft 2020-12, AJV's strict mode). */
export function compilePayload(schema: Record<string, unknown>, file: string): CompiledSchema {
  const accepts = compile(schema, file, false);
  let thorough: typeof accepts | undefined;
  return {
    accepts,
    violations(value, prefix) {
      thorough ??= compile(schema, file, true);
      return thorough(value) ? [] : violationsFrom(thorough.errors ?? [], prefix);
    },
  };
}

function compile(schema: Record<string, unknown>, file: string, allErrors: boolean) {
  if (schema.$async) schemaFault(file, "asynchronous schemas cannot be used for events; remove `$async`.");
  try {
    // An instance for each: `$id` and `$defs` of one file never meet those of another.
    const ajv = new Ajv2020({ ...OPTIONS, allErrors });
    addFormats(ajv);
    ajv.addFormat("date-time", dateTime);
    return ajv.compile(schema);
  } catch (error) {
    return schemaFault(file, `no valid JSON Schema (draft 2020-12, strict): ${(error as Error).message}.`);
  }
}
