import type { BrokerOptions } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";

/** What may be behind the largest packet in a socket's buffer, which Moleculer counts in. */
const BEHIND_BYTES = 256 * 1024;

/** Moleculer's own transporter for the setting; the TCP one takes packets as large as the settings say. */
export function transporterFor({ transporter, chunk }: Configuration): BrokerOptions["transporter"] {
  if (!transporter) return null;
  const isTcp = transporter === "TCP" || transporter.startsWith("tcp://");
  // Moleculer's types know a URL only as a literal.
  if (!isTcp) return transporter as BrokerOptions["transporter"];
  const urls = transporter === "TCP" ? {} : { urls: transporter };
  return { type: "TCP", options: { ...urls, maxPacketSize: chunk.maxTransporterBytes + BEHIND_BYTES } };
}

/** What a packet holds beside the bytes. */
const AROUND_BYTES = 64 * 1024;
/** A byte of a stream is up to three digits and a comma in a packet's JSON. */
const PACKET_BYTES_PER_BYTE = 4;

/** As much of a stream as fits into one packet: a larger part would vanish, and whoever reads the stream wait for ever. */
export function streamPartBytes({ maxTransporterBytes }: Configuration["chunk"]): number {
  return Math.max(1_024, Math.floor((maxTransporterBytes - AROUND_BYTES) / PACKET_BYTES_PER_BYTE));
}
