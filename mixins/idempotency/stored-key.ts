import { sha256 } from "./content";

/** Longer keys are stored as their hash, so that an index entry stays small. */
const MAX_KEY_BYTES = 512;

/** How a claim document has a key of the form `<group>|<key>`. */
export function storedKey(key: string): string {
  // Half a character would come back from MongoDB as another one, and never be found equal to itself.
  if (fits(key) && key.isWellFormed()) return key;
  const hashed = key.isWellFormed() ? key : JSON.stringify(key);
  return `${key.slice(0, key.indexOf("|"))}|sha256:${sha256(hashed)}`;
}

function fits(key: string): boolean {
  return key.length * 3 <= MAX_KEY_BYTES || Buffer.byteLength(key) <= MAX_KEY_BYTES;
}
