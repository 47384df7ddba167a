import { SERVICES } from "../support/daemon";
import type { Nats } from "../support/nats";
import { TRANSPORTERS } from "../support/transporters";
import { BATCH, SINGLE, TRANSACTIONAL } from "./groups";
import type { GatewayOptions, Scene } from "./scene";

export const PLUGINS = [BATCH, SINGLE, TRANSACTIONAL].flatMap(({ plugin }) => plugin ?? []);

export interface Nodes {
  /** Every one of them hosts all plugins, and nothing else; in the order in which they were started, before the gateway. */
  hosts: [GatewayOptions, ...GatewayOptions[]];
  nats?: Nats;
}

/** Starts nodes with nothing but plugins and a gateway without any, and waits until the plugins are at work. */
export async function startNodes(
  scene: Scene,
  by: keyof typeof TRANSPORTERS,
  others: string[] = [],
): Promise<Nodes> {
  const { transporter, nodeIDs, nats, close } = await TRANSPORTERS[by](["gateway", "host", ...others]);
  scene.closeLast(close);
  const [gateway, host, ...more] = nodeIDs.map((WEIR_NODE_ID, index) => ({
    services: index === 0 ? SERVICES : PLUGINS,
    env: { WEIR_NODE_ID, WEIR_TRANSPORTER: transporter },
  }));
  if (!host) throw new Error("every node that was asked for has an id");
  const hosts: Nodes["hosts"] = [host, ...more];
  for (const each of hosts) scene.spawn(each);
  await scene.start(gateway);
  await scene.underWay();
  return { hosts, nats };
}
