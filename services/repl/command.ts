import { styleText } from "node:util";
import type { ServiceBroker } from "moleculer";
import { explain } from "./explain";

/** What was typed after the command's name. */
export interface CommandInput {
  operands: string[];
  /** By their long names in camel case; a flag without a value is `true`. */
  options: Record<string, string | true | undefined>;
}

/** The form of `replOptions.customCommands` in moleculer-repl 0.8, whose typings are those of an earlier one. */
export interface ReplCommand {
  command: string;
  description: string;
  options: { option: string; description: string }[];
  parse(parsed: ParsedCommand): void;
  /** `input` is what `parse` has left: a `CommandInput`. */
  action(broker: ServiceBroker, input: unknown): Promise<void>;
}

/** The part of a commander Command that is read. */
export interface ParsedCommand {
  args: string[];
  opts(): CommandInput["options"];
  params?: CommandInput;
}

export interface CommandDefinition extends Pick<ReplCommand, "command" | "description"> {
  options?: ReplCommand["options"];
  /** → what is printed. What it throws is printed as one message, without a stack. */
  run(broker: ServiceBroker, input: CommandInput): Promise<string>;
}

/** A mistake of the person who types: its message says what to type instead. */
export class Misuse extends Error {}

export function defineCommand({ command, description, options = [], run }: CommandDefinition): ReplCommand {
  return {
    command,
    description,
    options,
    // moleculer-repl's own parser keeps the first of several operands alone.
    parse(parsed) {
      parsed.params = { operands: parsed.args, options: { ...parsed.opts() } };
    },
    async action(broker, input) {
      try {
        console.log(await run(broker, input as CommandInput));
      } catch (error) {
        console.log(styleText("red", explain(error)));
      }
    },
  };
}
