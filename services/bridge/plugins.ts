import type { ServiceBroker } from "moleculer";
import type { Catalog } from "../../schemas/catalog";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeliverRequest, DeliverResponse } from "../../schemas/delivery";
import { replayMark } from "../../schemas/redelivery";
import { groupsOf, type PluginGroup, type RegisteredService } from "./groups";
import { withLifts } from "./lifts";
import { roomIn } from "./transporter-limit";

/** Longer than any chunk's budget: the plugin's own limits come first. */
const DELIVER_TIMEOUT_MS = 35_000;

/** The plugins that this gateway's broker sees, on any node, and the one way to them. */
export class Plugins {
  constructor(
    private readonly broker: ServiceBroker,
    private readonly catalog: Catalog,
    private readonly limits: Pick<Configuration["chunk"], "maxTransporterBytes">,
  ) {}

  registered(): RegisteredService[] {
    const list = this.broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true });
    return list as unknown as RegisteredService[];
  }

  groups(): Map<string, PluginGroup> {
    return groupsOf(this.registered()).groups;
  }

  isLocal(service: string): boolean {
    return this.broker.services.some(({ fullName }) => fullName === service);
  }

  /** Every event goes this way to its plugin: live, replayed or redelivered, alone or in a chunk. */
  deliver(service: string, request: DeliverRequest): Promise<DeliverResponse> {
    const { maxTransporterBytes } = this.limits;
    const remote = this.isLocal(service) ? {} : { max_answer_bytes: roomIn(maxTransporterBytes) };
    const replay = replayMark(request);
    // No retries by the broker: whether to hand the chunk over again is decided with a raised attempt.
    return this.broker.call(
      `${service}.deliver`,
      { ...withLifts(this.catalog, request), ...remote },
      { timeout: DELIVER_TIMEOUT_MS, retries: 0, ...(replay !== undefined && { meta: { replay } }) },
    );
  }
}
