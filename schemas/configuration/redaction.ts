import type { Configuration } from "./configuration";

const HIDDEN = "***";
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"]*):[^\s/?#"]*@/gi;

/** Replaces the password of every URL in a text: `mongodb://user:***@host`. */
export function redactUrls(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${HIDDEN}@`);
}

/** For a value that should be a URL, but may be anything: nothing of what comes before an `@` is shown. */
export function redactCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, `$1${HIDDEN}@`);
}

/**
 * Every secret value of a configuration, also in the forms that libraries put into their messages.
 * Values of less than four characters are left out: hiding them everywhere would hide half of every text.
 */
export function secretsOf({ kafka, mongo, transporter }: Configuration): string[] {
  const values = [kafka.sasl?.password, kafka.ssl?.key, credentials(mongo.url).password];
  if (transporter) {
    const { user, password } = credentials(transporter);
    // A user name that stands alone is how a NATS token is written.
    values.push(password ?? user);
  }
  const forms = values.filter((value) => value !== undefined).flatMap(formsOf);
  // The longest first: a secret may contain another one.
  return [...new Set(forms)].filter((secret) => secret.length > 3).sort((a, b) => b.length - a.length);
}

/** A function that hides the given secrets and the passwords of all URLs. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), redactUrls(text));
}

function credentials(url: string): { user?: string; password?: string } {
  const [, user, password] = /^[a-z][a-z0-9+.-]*:\/\/([^:/?#@]*)(?::([^/?#]*))?@/i.exec(url) ?? [];
  return { user, password };
}

function formsOf(value: string): string[] {
  const forms = [value, encodeURIComponent(value)];
  try {
    forms.push(decodeURIComponent(value));
  } catch {
    // A lone percent sign: it is not encoded.
  }
  return forms;
}
