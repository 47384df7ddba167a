import type { Catalog } from "../../schemas/catalog";
import { compareVersions } from "../../schemas/catalog/schema-files";
import type { DeliverRequest, EventEnvelope } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";

/**
 * The event as the handler sees it: of its type's newest version. Throws WEIR_UPCAST_FAILED for an event that cannot be lifted,
 * and WEIR_UNAVAILABLE where this node has not got the upcasters that the gateway has.
 */
export function liftedEvent(
  catalog: () => Catalog,
  { group, lift_to }: Pick<DeliverRequest, "group" | "lift_to">,
  event: EventEnvelope,
): EventEnvelope {
  const wanted = lift_to?.[event.event_type];
  if (wanted === undefined) return event;
  const lifted = catalog().lift(event);
  if (compareVersions(lifted.event_version, wanted) >= 0) return lifted;
  const { event_type, event_version } = event;
  throw new WeirRetryableError(
    "WEIR_UNAVAILABLE",
    `Group ${group} is to get ${event_type} ${event_version} as ${wanted}, but its node can lift it to ${lifted.event_version} only. Give that node the gateway's schema folders (WEIR_SCHEMA_DIRS); the event waits.`,
    { group, event_type, event_version, wanted },
  );
}
