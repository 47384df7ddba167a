import { Validators } from "moleculer";
import { type ParameterProblem, plainProblems } from "./plain-parameters";

type Check = ReturnType<Validators.Fastest["compile"]>;
type Problem = ParameterProblem & { actual?: unknown };

/** Of a long list with as many faults, so many are told. */
const MOST_PROBLEMS = 20;
const LONGEST_TEXT = 200;

/**
 * Moleculer's own validator, but for three things. Parameters that cannot even be converted, such as an object whose `toString`
 * is no function, are one more value that cannot be. Schemas with `$$plain` (`STRICT` of schemas/query-params) take nothing for
 * a value that is none. And what is told of a fault is short enough for any way back to the caller.
 */
export class ParameterValidator extends Validators.Fastest {
  override compile(schema: Record<string, unknown>): Check {
    const check = super.compile(schema);
    const plain = schema.$$plain === true;
    const total: Check = (params, options) => {
      const problems = plain ? plainProblems(schema, params) : [];
      // The typings say boolean: what is wrong comes as a list.
      if (problems.length > 0) return told(problems) as unknown as boolean;
      try {
        const result: unknown = check(params, options);
        return (Array.isArray(result) ? told(result) : result) as boolean;
      } catch (error) {
        const message = `A parameter cannot be converted: ${(error as Error).message}.`;
        return [{ type: "conversion", message }] as unknown as boolean;
      }
    };
    total.async = check.async;
    return total;
  }
}

function told(problems: Problem[]): Problem[] {
  return problems.slice(0, MOST_PROBLEMS).map(({ actual, ...problem }) => ({
    ...problem,
    ...(problem.field && { field: shortened(problem.field) }),
    message: shortened(problem.message),
    ...(isShown(actual) && { actual: typeof actual === "string" ? shortened(actual) : actual }),
  }));
}

function isShown(actual: unknown): boolean {
  return typeof actual === "string" || typeof actual === "number" || typeof actual === "boolean";
}

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
