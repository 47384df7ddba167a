import { isUtf8 } from "node:buffer";
import type { IHeaders, KafkaMessage } from "kafkajs";

const NO_HEADERS: Record<string, string> = Object.freeze({});

/** A message's key as text; bytes that are no text keep their order and identity as `base64:…`. */
export function keyOf({ key }: Pick<KafkaMessage, "key">): string | null {
  return key === null || key === undefined ? null : textOf(key);
}

/** Headers as text; of a repeated name the values are joined with a comma. */
export function headersOf({ headers }: { headers?: IHeaders }): Record<string, string> {
  if (!headers) return NO_HEADERS;
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  return Object.fromEntries(names.map((name) => [name, headerText(headers[name])]));
}

function headerText(value: IHeaders[string]): string {
  return Array.isArray(value) ? value.map(textOf).join(",") : textOf(value);
}

/** A header may have no value at all. */
function textOf(value: Buffer | string | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return isUtf8(value) ? value.toString("utf8") : `base64:${value.toString("base64")}`;
}
