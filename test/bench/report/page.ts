import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import path from "node:path";

/** Of the sources: what measures is compiled to somewhere else. `npm run` starts in the project's own folder. */
export const FOLDER = path.resolve("test/bench");
const PAGE = path.join(FOLDER, "README.md");

/** Puts `text` between the page's markers `<!-- name -->` and `<!-- end of name -->`, in place of what is there. */
export function replaceSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no ${begin} … ${end}.`);
  return `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`;
}

/** Writes a section of test/bench/README.md, and its pictures beside the page. */
export function writeSection(name: string, text: string, pictures: Record<string, string> = {}): void {
  for (const [file, svg] of Object.entries(pictures)) writeFileSync(path.join(FOLDER, file), svg);
  writeFileSync(PAGE, replaceSection(readFileSync(PAGE, "utf8"), name, text));
}

/** When and on what something was measured: figures of other machines are other figures. */
export function circumstances(command: string): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${processors.length} × ${processors[0]?.model.trim() ?? "CPU"}, ${memory} GiB, Linux ${release()}`;
  return `${date}, ${machine}, Node.js ${process.version}, both servers on the same machine. \`${command}\``;
}
