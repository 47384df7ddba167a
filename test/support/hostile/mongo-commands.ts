import * as mongodb from "mongodb";

/** One command as it went to MongoDB. */
export interface MongoCommand {
  name: string;
  collection: string;
  command: Record<string, unknown>;
}

interface Instrumentation {
  on(event: "started", listen: (started: { commandName: string; command: object }) => void): void;
  uninstrument(): void;
}

/** Every command of every client that connects from now on, until `stop`. */
export function watchMongoCommands(): { commands: MongoCommand[]; stop(): void } {
  const commands: MongoCommand[] = [];
  const { instrument } = mongodb as unknown as { instrument(ready: () => void): Instrumentation };
  const instrumentation = instrument(() => undefined);
  instrumentation.on("started", ({ commandName, command }) => {
    const collection = (command as Record<string, unknown>)[commandName];
    commands.push({ name: commandName, collection: String(collection), command: { ...command } });
  });
  return { commands, stop: () => instrumentation.uninstrument() };
}

const WRITES = new Set([
  "insert",
  "update",
  "delete",
  "findAndModify",
  "create",
  "drop",
  "createIndexes",
  "dropIndexes",
]);

export function isWrite({ name, command }: MongoCommand): boolean {
  if (name !== "aggregate") return WRITES.has(name);
  return (command.pipeline as object[]).some((stage) => "$out" in stage || "$merge" in stage);
}

/** Names that let MongoDB run code, or a pattern, that a caller has written. */
const CODE = new Set(["$where", "$function", "$accumulator", "$regex", "$regexMatch", "$regexFind"]);

export function runsCode(value: unknown, depth = 0): boolean {
  if (value instanceof RegExp) return true;
  if (typeof value !== "object" || value === null || depth > 30) return false;
  return Object.entries(value).some(([name, inner]) => CODE.has(name) || runsCode(inner, depth + 1));
}
