import { parseArgs } from "node:util";

export interface IndexesCommand {
  check: boolean;
  apply: boolean;
  rebuild: boolean;
  prune: boolean;
  json: boolean;
  /** Empty: all. */
  services: string[];
  /** Service files beside the gateway's own, such as a plugin's. */
  files: string[];
  samples: boolean;
}

export const USAGE = `npm run indexes -- [options] [service files]
  Shows the indexes that services declare against those in MongoDB.
  --check            exit with 1 when they differ, for a deploy pipeline
  --apply            create what is missing, change in place what can be
  --rebuild          with --apply: build anew what cannot be changed in place
  --prune            with --apply: hide indexes that nobody declares; drop those that are hidden for 7 days
  --service <name>   only this service's; may be given several times
  --samples          the sample plugins' too
  --json             the plan as JSON`;

/** Throws an Error that says what is wrong with the arguments. */
export function readArguments(args: string[]): IndexesCommand {
  const flag = { type: "boolean", default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ check: flag, apply: flag, rebuild: flag, prune: flag, json: flag, samples: flag },
      service: { type: "string", multiple: true, default: [] },
    },
  });
  const { service, ...flags } = values;
  if ((flags.rebuild || flags.prune) && !flags.apply) {
    throw new Error("--rebuild and --prune go with --apply.");
  }
  return { ...flags, services: service, files: positionals };
}
