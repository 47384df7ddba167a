import type { Catalog } from "../../schemas/catalog";
import type { DeliverRequest } from "../../schemas/delivery";

/**
 * Tells the plugin's node which of the events it has to lift. The node does it itself, because the keys and the dead letters go
 * by the event as it came; it is told, because its own schemas may be older.
 */
export function withLifts(catalog: Catalog, request: DeliverRequest): DeliverRequest {
  let lift_to: Record<string, string> | undefined;
  for (const { event } of request.items) {
    const version = catalog.liftedVersion(event);
    if (version === undefined) continue;
    lift_to ??= {};
    lift_to[event.event_type] = version;
  }
  return lift_to ? { ...request, lift_to } : request;
}
