import { ServiceBroker } from "moleculer";

/** Read by moleculer-runner itself, besides the options. */
const RUNNER_VARIABLES = ["SERVICES", "SERVICEDIR"];

/**
 * Variables with which the environment replaces Moleculer options behind the gateway's back: the runner takes a
 * variable named like an option (`NAMESPACE`, `LOGGER`, `REGISTRY_STRATEGY`) or beginning with `MOL_`.
 */
export function environmentOverrides(options: object, env: NodeJS.ProcessEnv): string[] {
  const { defaultOptions } = ServiceBroker as unknown as { defaultOptions: object };
  const names = new Set([
    ...optionVariables(defaultOptions),
    ...optionVariables(options),
    ...RUNNER_VARIABLES,
  ]);
  return Object.keys(env).filter((name) => env[name] && (names.has(name) || name.startsWith("MOL_")));
}

function optionVariables(options: object, prefix = ""): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const name = `${prefix}${key}`.toUpperCase();
    return [name, ...(isPlainObject(value) ? optionVariables(value, `${name}_`) : [])];
  });
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
