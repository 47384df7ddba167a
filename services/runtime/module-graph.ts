import { sep } from "node:path";

const LIBRARIES = `${sep}node_modules${sep}`;

/** The project's own modules that are loaded; libraries stay as they are. */
export function projectFiles(): string[] {
  return Object.keys(require.cache).filter((file) => !file.includes(LIBRARIES));
}

/** The given files and every loaded module of the project that imports one of them, directly or through others. */
export function filesAffectedBy(changed: Iterable<string>): Set<string> {
  const importers = new Map<string, string[]>();
  for (const file of projectFiles()) {
    for (const child of require.cache[file]?.children ?? []) {
      const known = importers.get(child.filename);
      if (known) known.push(file);
      else importers.set(child.filename, [file]);
    }
  }
  // A set that grows while it is walked is walked to its end.
  const affected = new Set(changed);
  for (const file of affected) {
    for (const importer of importers.get(file) ?? []) affected.add(importer);
  }
  return affected;
}

/** Makes the next `require` of these files read them again; returns what was known of them. */
export function forget(files: Iterable<string>): Map<string, NodeModule> {
  const forgotten = new Map<string, NodeModule>();
  for (const file of files) {
    const known = require.cache[file];
    if (known) forgotten.set(file, known);
    delete require.cache[file];
  }
  return forgotten;
}

/** Gives back what was forgotten, except for files that were loaded anew since. */
export function remember(forgotten: Map<string, NodeModule>): void {
  for (const [file, known] of forgotten) require.cache[file] ??= known;
}
