import { readFileSync, statSync } from "node:fs";
import path from "node:path";

/** How a setting's text becomes a value, and the JSON Schema that the value must satisfy. */
export interface Kind<T> {
  /** Completes the sentence "expected …". */
  expected: string;
  /** Never throws: what cannot be read comes back in a form that the schema refuses. */
  parse(text: string): unknown;
  schema: object;
  /** What exactly is wrong with a text that is refused, where it has parts. */
  explain?(text: string): string | undefined;
  /** Carries the value's type only; never set. */
  type?: T;
}

const asIs = (text: string): string => text;

export function text(expected = "some text", pattern = "."): Kind<string> {
  return { expected, parse: asIs, schema: { type: "string", pattern } };
}

export function oneOf<const T extends string>(...values: T[]): Kind<T> {
  return {
    expected: `one of ${values.join(", ")}`,
    parse: (written) => written.toLowerCase(),
    schema: { enum: values },
  };
}

export const flag: Kind<boolean> = {
  expected: "true or false",
  parse: (written) => ({ true: true, false: false })[written.toLowerCase()],
  schema: { type: "boolean" },
};

export function wholeNumber(minimum: number, maximum: number): Kind<number> {
  return {
    expected: `a whole number from ${minimum} to ${maximum}`,
    parse: (written) => (/^-?\d+$/.test(written) ? Number(written) : written),
    schema: { type: "integer", minimum, maximum },
  };
}

export function wholeNumberOr<const W extends string>(
  word: W,
  minimum: number,
  maximum: number,
): Kind<number | W> {
  const number = wholeNumber(minimum, maximum);
  return {
    expected: `${number.expected}, or "${word}"`,
    parse: (written) => (written.toLowerCase() === word ? word : number.parse(written)),
    schema: { anyOf: [{ const: word }, number.schema] },
  };
}

/** Parts separated by commas; blanks around them do not count. */
export function list(expected: string, pattern: string): Kind<string[]> {
  return {
    expected: `${expected}; several are separated by commas`,
    parse: splitAt(","),
    schema: { type: "array", minItems: 1, uniqueItems: true, items: { type: "string", pattern } },
  };
}

/** The contents of the named file. */
export const fileContents: Kind<string> = {
  expected: "the path of a file that can be read",
  parse(file) {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  },
  schema: { type: "string", minLength: 1 },
};

export const folders: Kind<string[]> = {
  expected: "folders that exist; several are separated by commas",
  parse: (written) =>
    splitAt(",")(written)
      .map((folder) => path.resolve(folder))
      .map((folder) => (statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : null)),
  schema: { type: "array", minItems: 1, uniqueItems: true, items: { type: "string" } },
};

const NATS = "nats://";

/** What joins the nodes. Moleculer ends without a word over a URL of NATS that it cannot take apart. */
export const transporter: Kind<string> = {
  expected: '"TCP", "NATS", or a URL such as nats://host:4222',
  parse(written) {
    if (!written.startsWith(NATS)) return written;
    const urls = splitAt(",")(written);
    return urls.every((url) => url.startsWith(NATS) && URL.canParse(url)) ? urls.join(",") : undefined;
  },
  schema: {
    type: "string",
    pattern: "^(?:TCP|NATS|(?:nats|tcp|mqtts?|rediss?|amqps?|amqp10|kafka)://.+)$",
  },
};

const TOPIC = "^[A-Za-z0-9._-]{1,249}$";
const EVENT_TYPE = "^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$";

/** `topic=type,type;topic=type` */
export const sharedTopics: Kind<Record<string, string[]>> = {
  expected: "topic=event.type,event.type;topic=event.type, each topic and each event type once",
  parse(written) {
    const entries = splitAt(";")(written).map((entry) => {
      const [topic = "", types = ""] = splitAt("=")(entry);
      return [topic, splitAt(",")(types)] as const;
    });
    const types = entries.flatMap(([, carried]) => carried);
    const topics = new Set(entries.map(([topic]) => topic));
    const unambiguous = topics.size === entries.length && new Set(types).size === types.length;
    return unambiguous ? Object.fromEntries(entries) : written;
  },
  schema: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: TOPIC },
    additionalProperties: { type: "array", minItems: 1, items: { type: "string", pattern: EVENT_TYPE } },
  },
};

function splitAt(separator: string): (written: string) => string[] {
  return (written) =>
    written
      .split(separator)
      .map((part) => part.trim())
      .filter((part) => part !== "");
}
