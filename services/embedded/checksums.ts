import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { WeirError } from "../../schemas/errors";

/** File name to its SHA-256 in lower-case hexadecimal. */
export type Checksums = Record<string, string>;

/**
 * Accepts a folder only if it holds exactly the files of the table, each with its content. A file that differs,
 * and one that nobody asked for, is deleted, so that no later start can run it.
 */
export async function verifyFolder(folder: string, expected: Checksums): Promise<void> {
  const found = await readdir(folder);
  for (const name of found) await verifyFile(path.join(folder, name), expected[name]);
  const missing = Object.keys(expected).filter((name) => !found.includes(name));
  if (missing.length > 0) {
    throw new WeirError(
      "WEIR_CHECKSUM_MISMATCH",
      `These files should have been fetched, and were not: ${missing.join(", ")}.`,
      {
        missing,
      },
    );
  }
}

/** Compares one file's SHA-256; `expected` is undefined for a file that is not in the table. */
export async function verifyFile(file: string, expected: string | undefined): Promise<void> {
  const actual = await sha256(file);
  if (actual === expected) return;
  await rm(file, { force: true });
  const name = path.basename(file);
  throw new WeirError(
    "WEIR_CHECKSUM_MISMATCH",
    `${name} is not the file that this version was made with (SHA-256 expected ${expected ?? "no such file at all"}, ` +
      `came ${actual}). It was deleted. Try again; if it comes again, the copy in the cache of Maven (~/.m2) or pip is ` +
      `damaged, or somebody changed the file on its way.`,
    { file: name, expected: expected ?? null, actual },
  );
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
