import type { Way, WayName } from "./way";

/**
 * Each way in a process that has loaded nothing of the others: what the gateway changes in kafkajs for all of its process is no
 * part of what it is compared with.
 */
export const WAYS: Record<WayName, () => Promise<Way>> = {
  bare: async () => (await import("./bare-loop.js")).bareLoop,
  "bare-dispatch": async () => (await import("./bare-loop.js")).bareDispatch,
  gateway: async () => (await import("./gateway.js")).gateway,
  "gateway-tx": async () => (await import("./gateway.js")).gatewayTx,
  dispatch: async () => (await import("./gateway.js")).dispatch,
  channels: async () => (await import("./channels.js")).channels,
  "each-message": async () => (await import("./each-message.js")).eachMessage,
};
