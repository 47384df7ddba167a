import { objectOf, partsOf, type Schema } from "./schema-keywords";

/** Where a schema without an `$id` is said to be. */
const NOWHERE = "schema:/";

/** One schema file: finds what its references point to, by pointers, anchors and ids within the file. */
export class SchemaDocument {
  /** By absolute address: the schemas with an id, and those with an anchor. */
  private readonly named = new Map<string, unknown>();
  /** The address that a schema's references are relative to. */
  private readonly bases = new WeakMap<object, string>();

  constructor(readonly root: Schema) {
    this.register(root, NOWHERE);
    this.named.set(NOWHERE, root);
  }

  private register(schema: unknown, outer: string): void {
    if (typeof schema !== "object" || schema === null || this.bases.has(schema)) return;
    const { $id, $anchor, $dynamicAnchor } = schema as Record<string, unknown>;
    const base = typeof $id === "string" ? addressOf($id, outer) : outer;
    this.bases.set(schema, base);
    if (base !== outer) this.named.set(base, schema);
    for (const anchor of [$anchor, $dynamicAnchor])
      if (typeof anchor === "string") this.named.set(`${base}#${anchor}`, schema);
    for (const part of partsOf(objectOf(schema))) this.register(part, base);
  }

  /** What the `$ref` of a schema points to; undefined for what is not in this file. */
  target(schema: Record<string, unknown>): unknown {
    const address = addressOf(String(schema.$ref), this.bases.get(schema) ?? NOWHERE);
    const [file = "", fragment = ""] = splitAtHash(address);
    if (fragment !== "" && !fragment.startsWith("/")) return this.named.get(address);
    let found = this.named.get(file);
    for (const part of fragment.split("/").slice(1)) {
      const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      found =
        typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined;
    }
    // Something that only a pointer leads to, such as a part of an unknown keyword, has no base of its own yet.
    this.register(found, file);
    return found;
  }
}

function splitAtHash(address: string): [string, string] {
  const at = address.indexOf("#");
  return at < 0 ? [address, ""] : [address.slice(0, at), address.slice(at + 1)];
}

/** Without an empty fragment. */
function addressOf(reference: string, base: string): string {
  const address = reference.startsWith("#")
    ? base + reference
    : (URL.parse(reference, base)?.href ?? reference);
  return address.replace(/#$/, "");
}
