// `npm run bench:boot`: what a start costs, and whether the command line answers while a backlog drains.
import { parseArgs } from "node:util";
import { measureColdBoots } from "./boot/cold";
import { measureCommandLine } from "./boot/command-line";
import { measureIndexes } from "./boot/indexes";
import { names, wholeNumber } from "./session/options";
import { measuringProgram, type Session } from "./session/session";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "10" },
    events: { type: "string", default: "60000" },
  },
});

measuringProgram(async (session) => {
  const rounds = wholeNumber("rounds", values.rounds, [1, 100]);
  const events = wholeNumber("events", values.events, [100, 1_000_000]);
  const parts: Record<string, (session: Session) => Promise<string>> = {
    indexes: () => measureIndexes(session, 60),
    cold: () => measureColdBoots(session, rounds),
    repl: () => measureCommandLine(session, events),
  };
  const wanted = names(values.only);
  for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
    const part = parts[name];
    if (!part) throw new Error(`--only ${name}: expected ${Object.keys(parts).join(", ")}.`);
    console.error(`\n${await part(session)}`);
  }
});
