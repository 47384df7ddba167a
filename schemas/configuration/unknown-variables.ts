import { closest, distance } from "fastest-levenshtein";
import { SETTING_LIST } from "./settings";

export interface UnknownVariable {
  variable: string;
  nearest: string;
}

const NAMES: string[] = SETTING_LIST.map(([variable]) => variable);
const TYPING_MISTAKES = 3;

/**
 * Variables that look like settings and are none. `WEIR_` is the gateway's own prefix; `KAFKA_` and `MONGO`
 * are other programs' too, so there only what is nearly a setting's name counts.
 */
export function unknownVariables(env: NodeJS.ProcessEnv): UnknownVariable[] {
  return Object.keys(env)
    .filter((variable) => !NAMES.includes(variable) && !variable.startsWith("WEIR_TEST_"))
    .filter((variable) => /^(?:WEIR_|KAFKA_|MONGO)/.test(variable))
    .map((variable) => ({ variable, nearest: closest(variable, NAMES) }))
    .filter(({ variable, nearest }) => variable.startsWith("WEIR_") || isTypingMistake(variable, nearest));
}

function isTypingMistake(variable: string, nearest: string): boolean {
  return distance(variable, nearest) <= TYPING_MISTAKES;
}
