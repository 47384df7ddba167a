import type { EventEnvelope } from "./delivery";
import type { EventMap } from "./event-types.generated";

type Parts<Text extends string> = Text extends `${infer Head}.${infer Tail}`
  ? [Head, ...Parts<Tail>]
  : [Text];

/** Part by part: `*` takes one part, `**` one or more. */
type Matches<Pattern extends string[], Type extends string[]> = Pattern extends [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? Type extends [infer First, ...infer Others extends string[]]
    ? Head extends "**"
      ? Matches<Rest, Others> extends true
        ? true
        : Matches<Pattern, Others>
      : Head extends "*" | First
        ? Matches<Rest, Others>
        : false
    : false
  : Type extends []
    ? true
    : false;

type MatchingTypes<Pattern extends string> = {
  [Type in keyof EventMap]: Matches<Parts<Pattern>, Parts<Type>> extends true ? Type : never;
}[keyof EventMap];

/**
 * The events that a handler for this event type or pattern is given: `EventFor<"order.*">` is the union of all order events.
 * Of a type that the generated types do not know the payload is any object.
 */
export type EventFor<Pattern extends string> = string extends Pattern
  ? EventEnvelope
  : [MatchingTypes<Pattern>] extends [never]
    ? EventEnvelope<Pattern extends `${string}*${string}` ? string : Pattern>
    : EventMap[MatchingTypes<Pattern>];
