/** One way in which a changed schema refuses what it accepted, or lets through what its readers have never met. */
export interface Break {
  /** JSON Pointer into the payload, with `*` for the items of a list; empty: the payload itself. */
  path: string;
  rule: Rule;
  message: string;
}

export type Rule =
  | "member_removed"
  | "member_described"
  | "required_added"
  | "required_removed"
  | "type_changed"
  | "enum_narrowed"
  | "constraint_changed"
  | "limit_narrowed"
  | "closed"
  | "not_comparable";

/** What compares one pair of schemas, neither of which refers to anything. */
export interface Comparison {
  path: string;
  was: Record<string, unknown>;
  is: Record<string, unknown>;
  add(rule: Rule, message: string, at?: string): void;
  /** Compares parts of them. */
  visit(path: string, old: unknown, now: unknown): void;
  /** Whether two parts say the same. */
  same(old: unknown, now: unknown): boolean;
}

export function below(path: string, name: string): string {
  return `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** What a break says of one keyword that cannot be compared, with what it was and is, cut. */
export function notComparable(keyword: string, was: unknown, is: unknown): string {
  const shown = (value: unknown) => {
    const text = JSON.stringify(value) ?? "not there";
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  };
  return `\`${keyword}\` was changed: whether that refuses anything cannot be told from the schemas, so it counts as a break (was ${shown(was)}, is ${shown(is)})`;
}
