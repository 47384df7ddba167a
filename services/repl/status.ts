import type { BridgeStatus, GroupStatus } from "../bridge/status";
import { buildingLines } from "../indexes/building-lines";
import { defineCommand } from "./command";
import { type Cell, table } from "./table";

export const STATUS_HEAD = [
  "group",
  "state",
  "lag",
  "in flight",
  "delivered",
  "duplicates",
  "failed",
  "refused",
  "passed over",
];

export function statusRow({ group, state, lag, in_flight, counts, breaker }: GroupStatus): Cell[] {
  const { completed, duplicate, failed, refused, passed_over } = counts;
  const shown = breaker.state === "closed" ? state : `breaker ${breaker.state}`;
  return [group, shown, lag, in_flight, completed, duplicate, failed, refused, passed_over];
}

export function statusText({ state, reasons, nodeID, brokers, published, groups }: BridgeStatus): string {
  return [
    `${state}: node ${nodeID}, Kafka ${brokers.join(",")}, ${published} published`,
    ...reasons.map((reason) => `  - ${reason}`),
    groups.length > 0 ? table(STATUS_HEAD, groups.map(statusRow)) : "No group is there yet.",
    "Lag is Kafka's own and of all gateways; what was counted is of this node, since its start.",
  ].join("\n");
}

export const statusCommand = defineCommand({
  command: "status [rest...]",
  description:
    "State of the gateway; lag, work in hand and counts of every group; indexes that are being built",
  run: async (broker) => {
    const status = await broker.call<BridgeStatus, object>("bridge.status", {});
    return [statusText(status), ...(await buildingLines(broker))].join("\n");
  },
});
