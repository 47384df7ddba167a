import type { Collection } from "mongodb";

type Doc = Record<string, unknown>;

/** What a scheduler may do before an operation runs, and after: wait, or lose it. */
export type Step = <T>(run: () => T) => Promise<T>;

const atOnce: Step = async (run) => run();

/**
 * As much of a MongoDB collection as the claims and the progress use, in memory: every operation is one atomic step.
 * test/integration/claims.spec.ts holds it to the same cases as the real one.
 */
export class MemoryCollection {
  private constructor(
    /** A field whose values, or array members, no two documents may share. */
    private readonly unique: string,
    private readonly shared: { documents: Doc[] },
    private readonly step: Step,
  ) {}

  static empty({ unique }: { unique: string }): MemoryCollection {
    return new MemoryCollection(unique, { documents: [] }, atOnce);
  }

  /** The same documents, as somebody sees them whose operations take these steps. */
  through(step: Step): MemoryCollection {
    return new MemoryCollection(this.unique, this.shared, step);
  }

  private get documents(): Doc[] {
    return this.shared.documents;
  }

  /** As services take it. Whatever else they call is an error. */
  as<T extends object>(): Collection<T> {
    return this as unknown as Collection<T>;
  }

  /** Looks without a step, at the documents themselves. */
  all<T extends object>(): readonly T[] {
    return this.documents as T[];
  }

  /** Removes without a step, as an index with a time to live does. */
  expire(isOver: (document: Doc) => boolean): void {
    this.shared.documents = this.documents.filter((document) => !isOver(document));
  }

  insertOne(document: Doc): Promise<void> {
    return this.step(() => this.insert(document));
  }

  deleteOne(filter: Doc): Promise<{ deletedCount: number }> {
    return this.step(() => {
      const index = this.documents.findIndex((document) => matches(document, filter));
      if (index >= 0) this.documents.splice(index, 1);
      return { deletedCount: index >= 0 ? 1 : 0 };
    });
  }

  deleteMany(filter: Doc): Promise<void> {
    return this.step(() => this.expire((document) => matches(document, filter)));
  }

  updateOne(filter: Doc, update: Doc): Promise<{ matchedCount: number }> {
    return this.step(() => {
      const found = this.documents.find((document) => matches(document, filter));
      if (found) apply(found, update);
      return { matchedCount: found ? 1 : 0 };
    });
  }

  findOneAndUpdate(
    filter: Doc,
    update: Doc,
    {
      upsert = false,
      returnDocument = "before",
    }: { upsert?: boolean; returnDocument?: "before" | "after" } = {},
  ): Promise<{ value: Doc | null }> {
    return this.step(() => {
      let found = this.documents.find((document) => matches(document, filter));
      const before = found ? copyOf(found) : null;
      if (!found && upsert) {
        this.insert({ ...filter, ...(update.$setOnInsert as Doc) });
        found = this.documents.at(-1);
      }
      if (!found) return { value: null };
      apply(found, update);
      return { value: returnDocument === "after" ? copyOf(found) : before };
    });
  }

  findOne(filter: Doc): Promise<Doc | null> {
    return this.step(() => {
      const found = this.documents.find((document) => matches(document, filter));
      return found ? copyOf(found) : null;
    });
  }

  countDocuments(filter: Doc): Promise<number> {
    return this.step(() => this.documents.filter((document) => matches(document, filter)).length);
  }

  find(filter: Doc) {
    let sort: [string, number] | null = null;
    const found = () => {
      const list = this.documents.filter((document) => matches(document, filter)).map(copyOf);
      if (sort) {
        const [path, direction] = sort;
        list.sort((a, b) => direction * (Number(valueAt(a, path)) - Number(valueAt(b, path))));
      }
      return list;
    };
    const cursor = {
      sort(by: Record<string, number>) {
        sort = Object.entries(by)[0] ?? null;
        return cursor;
      },
      limit: () => cursor,
      next: () => this.step(() => found()[0] ?? null),
      toArray: () => this.step(found),
    };
    return cursor;
  }

  /** The one pipeline that there is: documents by `keys: { $in }`, with the keys in common as `hit`. */
  aggregate([match, project]: [{ $match: Doc }, { $project: Doc }]) {
    const { hit } = project.$project as { hit: { $setIntersection: [string, { $literal: string[] }] } };
    const wanted = new Set(hit.$setIntersection[1].$literal);
    return {
      toArray: () =>
        this.step(() =>
          this.documents
            .filter((document) => matches(document, match.$match))
            .map(({ keys, ...rest }) =>
              copyOf({ ...rest, hit: (keys as string[]).filter((key) => wanted.has(key)) }),
            ),
        ),
    };
  }

  private insert(document: Doc): void {
    const values = listOf(document[this.unique]);
    if (this.documents.some((other) => listOf(other[this.unique]).some((value) => values.includes(value))))
      throw Object.assign(new Error("E11000 duplicate key"), { code: 11_000 });
    this.documents.push(copyOf(document));
  }
}

function apply(document: Doc, update: Doc): void {
  const { $set, $unset, $inc, $max, $pull } = update as Record<string, Doc | undefined>;
  Object.assign(document, $set);
  for (const field of Object.keys($unset ?? {})) delete document[field];
  for (const [field, by] of Object.entries($inc ?? {}))
    document[field] = Number(document[field] ?? 0) + Number(by);
  for (const [field, value] of Object.entries($max ?? {})) {
    const before = document[field];
    if (before === null || before === undefined || Number(before) < Number(value)) document[field] = value;
  }
  for (const [field, condition] of Object.entries($pull ?? {})) {
    const gone = (condition as { $in: unknown[] }).$in;
    document[field] = listOf(document[field]).filter((member) => !gone.includes(member));
  }
}

function matches(document: Doc, filter: Doc): boolean {
  return Object.entries(filter).every(([path, wanted]) => {
    const values = listOf(valueAt(document, path));
    const { $in, $lt, $gte } = (wanted ?? {}) as { $in?: unknown[]; $lt?: number; $gte?: number };
    if ($gte !== undefined) return values.some((value) => Number(value) >= $gte);
    if ($lt !== undefined) return values.some((value) => Number(value) < $lt);
    return values.some((value) => ($in ? $in.includes(value) : same(value, wanted)));
  });
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && a !== null && String(a) === String(b));
}

function valueAt(document: Doc, path: string): unknown {
  return path.split(".").reduce<unknown>((at, part) => (at as Doc | undefined)?.[part], document);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Ids stay what they are: a structured clone would lose their class. */
function copyOf(document: Doc): Doc {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [
      name,
      Array.isArray(value) ? [...value] : isPlain(value) ? { ...value } : value,
    ]),
  );
}

function isPlain(value: unknown): value is Doc {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
