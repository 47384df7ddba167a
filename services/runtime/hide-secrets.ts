import type { ActionSchema, Context, Middleware } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import { redactor, secretsOf } from "../../schemas/configuration/redaction";
import { redactStrings } from "./redact-strings";

/** `$node.options` shows the broker's options to every node; the transporter's URL among them may hold a password. */
export function hideSecrets(configuration: Configuration): Middleware {
  const redact = redactor(secretsOf(configuration));
  return {
    name: "HideSecrets",
    localAction(next: (ctx: Context) => Promise<unknown>, action: ActionSchema) {
      if (action.name !== "$node.options") return next;
      return async (ctx: Context) => redactStrings(await next(ctx), redact);
    },
  };
}
