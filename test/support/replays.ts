import type { ServiceBroker } from "moleculer";
import type { ReplayView } from "../../services/events/replay/session";
import { waitFor } from "./wait-for";

/** Begins a replay; `order`, `again` and so on have their defaults. */
export function beginReplay(broker: ServiceBroker, params: object): Promise<ReplayView> {
  return broker.call<ReplayView, object>("events.replay", { filter: {}, ...params });
}

/** Waits until a session is in a state, and returns it. */
export function replayIn(
  broker: ServiceBroker,
  id: string,
  status: ReplayView["status"],
  limitMs = 60_000,
): Promise<ReplayView> {
  return waitFor(
    async () => {
      const session = await broker.call<ReplayView, object>("events.getReplay", { id });
      if (session.status === status) return session;
      throw new Error(JSON.stringify(session));
    },
    { what: `replay ${id} to be ${status}`, limitMs },
  );
}
