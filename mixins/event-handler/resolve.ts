import type { EventEnvelope } from "../../schemas/delivery";
import { WeirError } from "../../schemas/errors";
import {
  DEFAULTS,
  type EventHandlerOptions,
  type HandlerDefinition,
  type Order,
  type ResolvedHandler,
} from "./options";
import { bySpecificity, isPattern, matcherOf } from "./patterns";

const GROUP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** A rejoin of the group waits for the chunk in hand: half the rebalance timeout is the most that a chunk may take. */
const MAX_BUDGET_MS = 30_000;

/** Checks a plugin's declaration when its service is made, and settles every default. */
export function resolveHandlers(service: string, options: EventHandlerOptions<string>): ResolvedHandler[] {
  const group = options.group ?? service;
  const refuse = refusalOf(service);
  if (!GROUP.test(group)) refuse("group", "letters, digits, dot, underscore or dash, at most 100", group);
  const budget = options.budget ?? DEFAULTS.budget;
  between(refuse, "budget", budget, 100, MAX_BUDGET_MS);
  if (options.startFrom !== undefined && !["beginning", "now"].includes(options.startFrom))
    refuse("startFrom", '"beginning" or "now"', options.startFrom);
  if (options.transaction !== undefined && typeof options.transaction !== "boolean")
    refuse("transaction", "true or false", options.transaction);
  checkOrder(refuse, "order", options.order);
  if (options.upcast !== undefined && options.upcast !== false)
    refuse("upcast", "false, or left out", options.upcast);
  const patterns = Object.keys(options.handlers ?? {});
  if (patterns.length === 0) refuse("handlers", "at least one event type or pattern", options.handlers);
  return patterns.sort(bySpecificity).map((pattern) => {
    const definition = options.handlers[pattern] as HandlerDefinition<EventEnvelope>;
    return resolveHandler(refuse, pattern, definition, {
      budget,
      transaction: options.transaction === true,
      order: options.order ?? DEFAULTS.order,
    });
  });
}

type Refuse = (option: string, expected: string, came: unknown) => never;

function refusalOf(service: string): Refuse {
  return (option, expected, came) => {
    throw new WeirError(
      "WEIR_PLUGIN_INVALID",
      `Plugin ${service}: ${option} must be ${expected}, but is ${JSON.stringify(came) ?? String(came)}. Correct the eventHandler({ … }) options of this service.`,
      { service, option },
    );
  };
}

function between(refuse: Refuse, option: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    refuse(option, `a whole number from ${min} to ${max}`, value);
}

function resolveHandler(
  refuse: Refuse,
  pattern: string,
  definition: HandlerDefinition<EventEnvelope>,
  { budget, transaction, order }: { budget: number; transaction: boolean; order: Order },
): ResolvedHandler {
  const at = `handlers["${pattern}"]`;
  if (!isPattern(pattern))
    refuse(at, "an event type such as order.placed, or a pattern such as order.* or **", pattern);
  const given = typeof definition === "function" ? { handler: definition } : definition;
  if (typeof given?.handler !== "function")
    refuse(at, "a function, or an object with a function `handler`", given);
  // A short budget shortens the default waits; waits that were asked for are checked against it.
  const defaults = {
    ...DEFAULTS.retry,
    base: Math.min(DEFAULTS.retry.base, budget),
    max: Math.min(DEFAULTS.retry.max, budget),
  };
  const retry = given.retry === false ? { ...defaults, attempts: 1 } : { ...defaults, ...given.retry };
  const resolved: ResolvedHandler = {
    pattern,
    matches: matcherOf(pattern),
    batch: given.batch === true,
    run: given.handler,
    concurrency: given.concurrency ?? DEFAULTS.concurrency,
    timeout: given.timeout ?? Math.min(transaction ? DEFAULTS.transactionTimeout : DEFAULTS.timeout, budget),
    retry,
    idempotency: given.idempotency ?? "event",
    ttl: given.ttl ?? DEFAULTS.ttl,
    strict: (given.order ?? order) === "strict",
  };
  checkOrder(refuse, `${at}.order`, given.order);
  // Which events of a batch have taken effect when one has failed, only its handler knows.
  if (resolved.strict && resolved.batch)
    refuse(
      `${at}.order`,
      '"loose" for a batch handler, which may handle a key\'s later events beside a failed one',
      "strict",
    );
  between(refuse, `${at}.concurrency`, resolved.concurrency, 1, 1_000);
  between(refuse, `${at}.timeout`, resolved.timeout, 1, budget);
  between(refuse, `${at}.ttl`, resolved.ttl, 1_000, 365 * 24 * 3_600_000);
  between(refuse, `${at}.retry.attempts`, retry.attempts, 1, 100);
  between(refuse, `${at}.retry.base`, retry.base, 0, budget);
  between(refuse, `${at}.retry.max`, retry.max, 0, budget);
  checkStrategy(refuse, `${at}.idempotency`, resolved.idempotency);
  return resolved;
}

function checkOrder(refuse: Refuse, option: string, order: unknown): void {
  if (order !== undefined && order !== "strict" && order !== "loose")
    refuse(option, '"strict" or "loose"', order);
}

function checkStrategy(refuse: Refuse, option: string, strategy: unknown): void {
  const isObject = typeof strategy === "object" && strategy !== null;
  const fields = isObject && "content" in strategy ? strategy.content : undefined;
  const valid =
    strategy === false ||
    strategy === "event" ||
    strategy === "content" ||
    (Array.isArray(fields) && fields.length > 0 && fields.every((field) => typeof field === "string")) ||
    (isObject && "custom" in strategy && typeof strategy.custom === "function");
  if (!valid)
    refuse(option, '"event", "content", { content: [fields] }, { custom: function } or false', strategy);
}
