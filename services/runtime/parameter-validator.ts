import { Validators } from "moleculer";

type Check = ReturnType<Validators.Fastest["compile"]>;

/**
 * Moleculer's own validator, but for parameters that cannot even be converted: an object whose `toString` is no function makes
 * its conversion to a number throw. To the caller that is one more value that cannot be.
 */
export class ParameterValidator extends Validators.Fastest {
  override compile(schema: Record<string, unknown>): Check {
    const check = super.compile(schema);
    const total: Check = (params, options) => {
      try {
        return check(params, options);
      } catch (error) {
        const message = `A parameter cannot be converted: ${(error as Error).message}.`;
        // The typings say boolean: what is wrong comes as a list.
        return [{ type: "conversion", message }] as unknown as boolean;
      }
    };
    total.async = check.async;
    return total;
  }
}
