/** What is wrong with a parameter, as fastest-validator tells it. */
export interface ParameterProblem {
  type: string;
  field?: string;
  message: string;
}

interface Rule {
  type?: string;
  optional?: boolean;
  nullable?: boolean;
  convert?: boolean;
  max?: number;
  props?: Record<string, unknown>;
  items?: unknown;
}

/** As in RFC 3339 a day, and what else is given of a time. */
const TIME = /^[+-]?\d{4,6}-\d\d-\d\d/;
const NUMBER = /^\s*[+-]?[\d.]+(?:e[+-]?\d+)?\s*$/i;

/**
 * What the validator itself lets pass: null where something may be left out, and whatever JavaScript makes a number, a time or
 * a flag of. `[5]` is no 5 to anybody who meant what he wrote, and a null in a query means something else than no value.
 */
export function plainProblems(schema: Record<string, unknown>, params: unknown): ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  inspectMembers(schema, params, "", problems);
  return problems;
}

function inspectMembers(
  props: Record<string, unknown>,
  value: unknown,
  at: string,
  problems: ParameterProblem[],
) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [name, rule] of Object.entries(props)) {
    if (name.startsWith("$$") || !Object.hasOwn(value, name)) continue;
    inspect(ruleOf(rule), (value as Record<string, unknown>)[name], at ? `${at}.${name}` : name, problems);
  }
}

function inspect(rule: Rule, value: unknown, field: string, problems: ParameterProblem[]): void {
  if (value === undefined || rule.type === "any") return;
  if (value === null) {
    if (rule.nullable) return;
    const message = `The '${field}' field is null, which is no value: leave it out.`;
    problems.push({ type: "null", field, message });
  } else if (rule.convert && !isConvertible(rule.type, value)) {
    problems.push({
      type: String(rule.type),
      field,
      message: `The '${field}' field must be a ${rule.type}.`,
    });
  } else if (rule.props) {
    inspectMembers(rule.props, value, field, problems);
  } else if (rule.items && Array.isArray(value) && value.length <= (rule.max ?? Number.POSITIVE_INFINITY)) {
    const items = ruleOf(rule.items);
    if (!items.props && !items.convert) return;
    for (const [index, item] of value.entries()) inspect(items, item, `${field}[${index}]`, problems);
  }
}

function isConvertible(type: string | undefined, value: unknown): boolean {
  if (type === "date") return value instanceof Date || (typeof value === "string" && TIME.test(value));
  if (type === "number")
    return typeof value === "number" || (typeof value === "string" && NUMBER.test(value));
  // What else is a flag the validator knows by itself.
  return typeof value !== "object";
}

function ruleOf(rule: unknown): Rule {
  return typeof rule === "string" ? { type: rule } : ((rule ?? {}) as Rule);
}
