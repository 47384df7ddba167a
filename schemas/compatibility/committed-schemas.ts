import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import path from "node:path";
import { readSchemaFiles } from "../catalog/schema-files";
import type { SchemaSet } from "./compare-versions";

const FILE = /^([^/]+)\/(\d+\.\d+)\.json$/;
const MAX_BYTES = 64 * 1024 * 1024;

/** The schema files of a folder as they are now. */
export function schemasIn(dir: string): SchemaSet {
  return new Map(
    readSchemaFiles([dir]).map((file) => [`${file.event_type}/${file.event_version}`, file.schema]),
  );
}

/** The schema files of a folder as a commit has them; none where the folder is not in it. Throws an Error for what is no commit. */
export function schemasAt(dir: string, ref: string): SchemaSet {
  const commit = git(dir, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]).trim();
  const names = git(dir, ["ls-tree", "-r", "-z", "--name-only", commit, "."]).split("\0");
  const files = names.flatMap((name) => {
    const [, type, version] = FILE.exec(name) ?? [];
    return type && version ? [{ name, key: `${type}/${version}` }] : [];
  });
  return new Map(files.map(({ name, key }) => [key, JSON.parse(git(dir, ["show", `${commit}:./${name}`]))]));
}

/** What to compare with: a folder of the same form, or else a commit. */
export function schemasAgainst(dir: string, against: string): SchemaSet {
  const isFolder = statSync(against, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? schemasIn(path.resolve(against)) : schemasAt(dir, against);
}

function git(dir: string, args: string[]): string {
  try {
    return execFileSync("git", ["-C", dir, ...args], {
      encoding: "utf8",
      maxBuffer: MAX_BYTES,
      stdio: "pipe",
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(
      `${dir} could not be read from git (git ${args[0]}: ${stderr?.trim() || "no such commit"}). Name a commit or a folder with --against.`,
    );
  }
}
