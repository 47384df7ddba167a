import type { Db } from "mongodb";

/** What `listCollections` tells of a collection. */
export interface CatalogueEntry {
  options: Record<string, unknown>;
  /** Another one with the same name has another. */
  uuid: string;
}
export type Catalogue = Map<string, CatalogueEntry>;

/** Services that start together ask once. Whoever is about to change something asks anew. */
const KEPT_MS = 5_000;

const known = new WeakMap<Db, { at: number; catalogue: Promise<Catalogue> }>();

export function catalogueOf(db: Db, { fresh = false } = {}): Promise<Catalogue> {
  const last = known.get(db);
  if (last && !fresh && Date.now() - last.at < KEPT_MS) return last.catalogue;
  const read = { at: Date.now(), catalogue: list(db) };
  known.set(db, read);
  read.catalogue.catch(() => {
    if (known.get(db) === read) known.delete(db);
  });
  return read.catalogue;
}

async function list(db: Db): Promise<Catalogue> {
  const listed: {
    name: string;
    options?: CatalogueEntry["options"];
    info?: { uuid?: { buffer: Buffer } };
  }[] = await db.listCollections({}, { nameOnly: false }).toArray();
  return new Map(
    listed.map(({ name, options = {}, info }) => [
      name,
      { options, uuid: info?.uuid ? Buffer.from(info.uuid.buffer).toString("hex") : "" },
    ]),
  );
}
