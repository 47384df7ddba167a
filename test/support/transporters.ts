import { freePort } from "./free-port";
import { type Nats, startNats } from "./nats";
import { uniqueName } from "./run";

/** What joins the nodes of a test: the same setting for all of them, and an id for each. */
export interface Joined {
  transporter: string;
  /** In the order of the names that were asked for. */
  nodeIDs: string[];
  /** The server that stands between the nodes, where there is one. */
  nats?: Nats;
  /** Ends what stands between the nodes. */
  close(): Promise<void>;
}

/** The ways on which nodes are tested to talk to each other. */
export const TRANSPORTERS = {
  async TCP(names: string[]): Promise<Joined> {
    const nodeIDs = names.map(uniqueName);
    const places = await Promise.all(
      nodeIDs.map(async (nodeID) => `127.0.0.1:${await freePort()}/${nodeID}`),
    );
    return { transporter: `tcp://${places.join(",")}`, nodeIDs, close: async () => undefined };
  },

  async NATS(names: string[]): Promise<Joined> {
    const nats = await startNats();
    return { transporter: nats.url, nodeIDs: names.map(uniqueName), nats, close: nats.close };
  },
};
