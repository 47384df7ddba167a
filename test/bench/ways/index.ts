import { bareDispatch, bareLoop } from "./bare-loop";
import { channels } from "./channels";
import { eachMessage } from "./each-message";
import { dispatch, gateway, gatewayTx } from "./gateway";
import type { Way, WayName } from "./way";

export const WAYS: Record<WayName, Way> = {
  bare: bareLoop,
  "bare-dispatch": bareDispatch,
  gateway,
  "gateway-tx": gatewayTx,
  dispatch,
  channels,
  "each-message": eachMessage,
};
