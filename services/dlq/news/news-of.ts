import type { Configuration } from "../../../schemas/configuration/configuration";
import type { LetterPorts } from "../ports";

/** By the topics that are configured. */
export function newsOf({ eventsTopic, mirrorTopic }: Configuration["dlq"]): LetterPorts["news"] {
  return (what, at) => [
    ...(eventsTopic ? [{ what, at }] : []),
    ...(mirrorTopic && what === "received" ? [{ what: "mirror" as const, at }] : []),
  ];
}
