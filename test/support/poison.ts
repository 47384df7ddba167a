import { gzipSync } from "node:zlib";
import type { RawMessage } from "./kafka";
import { exampleOf, seeded } from "./traffic";

/** `letter`: it has to be dead-lettered; `accepted`: it has to be stored; `either`: nobody can say beforehand. */
export interface Poison {
  kind: string;
  message: RawMessage;
  expected: "letter" | "accepted" | "either";
}

type Make = (
  event: Record<string, unknown>,
  random: () => number,
) => Omit<Poison, "kind" | "message"> & {
  value: Buffer | string | null;
  headers?: Record<string, string>;
};

const MIB = 1024 * 1024;

const letter = (value: Buffer | string | null) => ({ value, expected: "letter" as const });
const accepted = (value: Buffer | string) => ({ value, expected: "accepted" as const });

/** The event as JSON with more members, as JSON text, in its metadata. */
function withExtra(event: Record<string, unknown>, members: string): string {
  return JSON.stringify(event).replace('"metadata":{', `"metadata":{${members},`);
}

const extra =
  (expected: "letter" | "accepted", members: (random: () => number) => string): Make =>
  (event, random) => ({ value: withExtra(event, members(random)), expected });

const bytes = (count: number, random: () => number) =>
  Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));

const digits = (count: number, random: () => number) =>
  Array.from(
    { length: count },
    (_, at) => Math.floor(random() * (at === 0 ? 9 : 10)) + (at === 0 ? 1 : 0),
  ).join("");

/** Cheap ones, made over and over with other bytes. */
const SMALL: Record<string, Make> = {
  "random bytes": (_event, random) => letter(bytes(1 + Math.floor(random() * 300), random)),
  "invalid UTF-8 inside": (event, random) => {
    const raw = Buffer.from(JSON.stringify(event));
    raw[raw.indexOf("service_name") + Math.floor(random() * 12)] = 0xc3;
    return letter(raw);
  },
  "byte order mark": (event) => letter(`\uFEFF${JSON.stringify(event)}`),
  "truncated JSON": (event, random) => {
    const text = JSON.stringify(event);
    return letter(text.slice(0, 1 + Math.floor(random() * (text.length - 1))));
  },
  "text after the JSON": (event) => letter(`${JSON.stringify(event)}}`),
  "compressed rubbish": (_event, random) =>
    letter(gzipSync(bytes(100, random), { level: 1 }).fill(7, 12, 20)),
  "compressed JSON": (event) => letter(gzipSync(JSON.stringify(event))),
  "no value": () => letter(null),
  "an empty value": () => letter(Buffer.alloc(0)),
  "another JSON value": (_event, random) =>
    letter(["null", "true", "1e5", '"text"', "[]", "{}", "[{}]", "-0"][Math.floor(random() * 8)] ?? "0"),
  "NUL in a name": extra("letter", () => '"a\\u0000b":1'),
  "NUL in a text": extra("accepted", () => '"a":"b\\u0000c"'),
  "a prototype": extra("letter", () => '"__proto__":{"isAdmin":true}'),
  "names of functions": extra("accepted", () => '"constructor":1,"hasOwnProperty":2,"then":3,"toString":4'),
  "a driver's type": extra("letter", () => '"a":{"_bsontype":"ObjectID","id":"123456789012"}'),
  "an unknown driver's type": extra("letter", () => '"a":{"_bsontype":"Nothing"}'),
  "a driver's method": extra("letter", () => '"a":{"toBSON":1}'),
  "an operator": extra("letter", () => '"$set":{"x":1}'),
  "an empty name": extra("accepted", () => '"":1'),
  "dots in a name": extra("accepted", () => '"a.b.c":{"d.e":1}'),
  "names that are numbers": extra("accepted", () => '"2":"b","1":"a"'),
  "a whole number over 2^53": extra(
    "letter",
    (random) => `"n":${digits(17 + Math.floor(random() * 20), random)}1`,
  ),
  "2^53": extra("accepted", () => '"n":9007199254740992,"m":-9007199254740991'),
  "an endless number": extra(
    "letter",
    (random) => `"n":${digits(3, random)}e${400 + Math.floor(random() * 99)}`,
  ),
  "a vanishing number": extra("letter", () => '"n":1e-400'),
  "too many digits": extra("letter", (random) => `"n":0.${digits(30, random)}1`),
  fractions: extra("accepted", (random) => `"n":[${random()},-${random()},1.50,1E3,-0.0]`),
  "a member twice": extra("letter", () => '"a":1,"b":2,"a":3'),
  "a member twice, deep": extra("letter", () => '"x":[{"y":{"a":1,"\\u0061":1}}]'),
  "half a surrogate pair": extra("letter", (random) => `"a":"\\ud8${digits(2, random)}"`),
  "a whole surrogate pair": extra("accepted", () => '"a":"\\ud83d\\ude00😀"'),
  "odd characters": extra("accepted", () => '"a":"\\uffff\\u202e\\u0007 ﷽ ẞ İ"'),
  "blanks and escapes": (event) => accepted(JSON.stringify(event, null, 3).replaceAll("/", "\\/")),
  "an event_id that is too long": (event) => letter(JSON.stringify({ ...event, event_id: "x".repeat(129) })),
  "a type that is none": (event, random) =>
    letter(
      JSON.stringify({
        ...event,
        event_type: ["", "Order.Placed", "__proto__", "a.b", 7][Math.floor(random() * 5)],
      }),
    ),
  "a language for the text index": extra("letter", () => '"search_language":"klingon"'),
  "a member language": extra("accepted", () => '"language":"klingon"'),
  "an unknown member": (event) => letter(JSON.stringify({ ...event, extra: 1 })),
  "a flipped byte": (event, random) => {
    const raw = Buffer.from(JSON.stringify(event));
    raw[Math.floor(random() * raw.length)] = Math.floor(random() * 256);
    return { value: raw, expected: "either" };
  },
  "a member replaced": (event, random) => {
    const names = Object.keys(event);
    const name = names[Math.floor(random() * names.length)] ?? "payload";
    const value = [null, 0, "", [], {}, true, "2026-01-01T00:00:00Z", -1e99][Math.floor(random() * 8)];
    return { value: JSON.stringify({ ...event, [name]: value }), expected: "either" };
  },
};

const manyHeaders = () => Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`h${at}`, `v${at}`]));

/** Expensive ones, a few of each. */
const LARGE: Record<string, Make> = {
  "nested 10,000 deep": extra("letter", () => `"a":${"[".repeat(10_000)}${"]".repeat(10_000)}`),
  "objects nested 10,000 deep": extra("letter", () => `"a":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`),
  "nested 60 deep": extra("accepted", () => `"a":${"[".repeat(60)}${"]".repeat(60)}`),
  "unclosed 100,000 deep": () => letter("[".repeat(100_000)),
  "5 MiB of text": extra("accepted", () => `"a":"${"x".repeat(5 * MIB)}"`),
  "5 MiB of blanks": (event) => accepted(`${" ".repeat(5 * MIB)}${JSON.stringify(event)}`),
  "JSON that fits and BSON that does not": extra("letter", () => `"a":[${"1,".repeat(2_000_000)}1]`),
  "100,000 members": extra(
    "accepted",
    () => `"a":{${Array.from({ length: 100_000 }, (_, at) => `"m${at}":${at}`).join()}}`,
  ),
  "10,000 headers": (event) => ({ ...accepted(JSON.stringify(event)), headers: manyHeaders() }),
  "10,000 headers on rubbish": () => ({ ...letter("rubbish"), headers: manyHeaders() }),
};

/** At least `count` messages, the same for the same seed; each event has an id of its own. */
export function makePoison(type: string, count: number, seed = 1): Poison[] {
  const random = seeded(seed);
  const example = exampleOf(type);
  const poison: Poison[] = [];
  const add = (kind: string, make: Make) => {
    const event = { ...example, event_id: `p${seed}-${poison.length}` };
    const { value, expected, headers } = make(event, random);
    poison.push({ kind, expected, message: { key: `k${poison.length % 50}`, value, headers } });
  };
  for (const [kind, make] of Object.entries(LARGE)) for (let time = 0; time < 2; time += 1) add(kind, make);
  const small = Object.entries(SMALL);
  for (let at = 0; poison.length < count; at += 1) {
    const [kind, make] = small[at % small.length] as [string, Make];
    add(kind, make);
  }
  return poison;
}
