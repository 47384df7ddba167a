import type { Context, ServiceSchema, ServiceSettingSchema } from "moleculer";
import { type Catalog, catalogOf, type EventTypeVersion, type Violation } from "../../schemas/catalog";
import { WeirError } from "../../schemas/errors";
import { OPTIONAL_TEXT, STRICT, TEXT } from "../../schemas/query-params";
import { written } from "../bridge/storable";

interface SchemasService {
  catalog: Catalog;
}

/** Shows the event types that this gateway accepts. */
const schemas: ServiceSchema<ServiceSettingSchema, unknown, SchemasService> = {
  name: "schemas",

  actions: {
    /** Every known type and version, without the schemas themselves. */
    list: {
      params: STRICT,
      handler(): Omit<EventTypeVersion, "schema" | "file">[] {
        return this.catalog.list().map(({ schema: _schema, file: _file, ...version }) => version);
      },
    },

    /** One version with its payload's JSON Schema, the latest when none is named. Throws WEIR_EVENT_TYPE_UNKNOWN. */
    get: {
      params: { ...STRICT, event_type: TEXT, event_version: OPTIONAL_TEXT },
      handler(ctx: Context<{ event_type: string; event_version?: string }>): EventTypeVersion {
        const { event_type, event_version } = ctx.params;
        const found = this.catalog.get(event_type, event_version);
        if (found) return found;
        const what = event_version === undefined ? event_type : `version ${event_version} of ${event_type}`;
        throw new WeirError(
          "WEIR_EVENT_TYPE_UNKNOWN",
          `There is no schema for ${what}: schemas.list shows what is known.`,
          { event_type, event_version },
        );
      },
    },

    /** Whether the gateway would accept this event; `errors` is empty when it would. */
    validate: {
      params: { ...STRICT, event: "any" },
      handler(ctx: Context<{ event: unknown }>): { valid: boolean; reason?: string; errors: Violation[] } {
        const result = this.catalog.validate(ctx.params.event);
        if (!result.valid) return { valid: false, reason: result.reason, errors: result.errors };
        const { unstorable } = written(result.event);
        if (unstorable === null) return { valid: true, errors: [] };
        const errors = [{ path: "", message: unstorable, keyword: "storable" }];
        return { valid: false, reason: "unstorable", errors };
      },
    },
  },

  created() {
    this.catalog = catalogOf(this.broker);
  },
};

export default schemas;
