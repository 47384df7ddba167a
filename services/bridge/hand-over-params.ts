import { STRICT, TOPIC } from "../../schemas/query-params";
import { BYTES, COUNT, EVENT, HEADERS, ID, KEY, NAME, OFFSET, PLACE, WHOLE } from "../../schemas/wire-params";

const MOST = 10_000;

const LETTER = {
  type: "object",
  strict: true,
  props: {
    id: ID,
    group: { type: "string", optional: true },
    reason: "string",
    raw: BYTES,
    original_topic: TOPIC,
    partition: WHOLE,
    offset: OFFSET,
    key: KEY,
    headers: HEADERS,
  },
} as const;

const ITEMS = {
  type: "array",
  min: 1,
  max: MOST,
  items: { type: "object", strict: true, props: { ...PLACE, event: EVENT } },
} as const;

export const REDELIVER = { ...STRICT, letter: LETTER } as const;

export const REDELIVER_MANY = {
  ...STRICT,
  letters: { type: "array", max: MOST, items: LETTER },
  fence: { type: "object", strict: true, props: { scope: NAME, epoch: WHOLE, attempt: WHOLE } },
} as const;

export const SEND_LETTERS = {
  ...STRICT,
  messages: {
    type: "array",
    min: 1,
    max: MOST,
    items: {
      type: "object",
      strict: true,
      props: { topic: TOPIC, key: KEY, value_base64: KEY, headers: HEADERS },
    },
  },
} as const;

export const IMPORT = { ...STRICT, topic: TOPIC, original_topic: { ...TOPIC, optional: true } } as const;

export const REPLAY = {
  ...STRICT,
  replay: NAME,
  epoch: WHOLE,
  attempt: WHOLE,
  group: NAME,
  again: "boolean",
  max_failures: { ...COUNT, optional: true },
  items: ITEMS,
} as const;

export const REPLAY_TO_TOPIC = { ...STRICT, replay: NAME, topic: TOPIC, items: ITEMS } as const;

export const CHECK_TARGETS = {
  ...STRICT,
  groups: { type: "array", max: 1_000, items: NAME, optional: true },
  topic: { ...TOPIC, optional: true },
} as const;
