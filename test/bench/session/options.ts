/** A whole number from an option; the error says what was expected. */
export function wholeNumber(option: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < min || value > max)
    throw new Error(
      `--${option}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(text)}.`,
    );
  return value;
}

/** Several, separated by commas, each once. */
export function wholeNumbers(option: string, text: string, range: readonly [number, number]): number[] {
  return [...new Set(text.split(",").map((part) => wholeNumber(option, part, range)))];
}

export function names(text: string | undefined): string[] {
  return (text ?? "").split(",").flatMap((name) => name.trim() || []);
}

/** A setting of what is measured. */
export interface Cell {
  partitions: number;
  plugins: number;
  bytes: number;
}

/** The first of each list together, then each of the others in its place; or all of them with all. */
export function cellsOf(lists: Record<keyof Cell, readonly number[]>, product: boolean): Cell[] {
  const { partitions, plugins, bytes } = lists;
  const all = partitions.flatMap((partition) =>
    plugins.flatMap((plugin) =>
      bytes.map((size) => ({ partitions: partition, plugins: plugin, bytes: size })),
    ),
  );
  if (product) return all;
  const differs = (cell: Cell) =>
    Number(cell.partitions !== partitions[0]) +
    Number(cell.plugins !== plugins[0]) +
    Number(cell.bytes !== bytes[0]);
  return all.filter((cell) => differs(cell) <= 1).sort((a, b) => differs(a) - differs(b));
}

/** The command as it was given, to be repeated. */
export function commandLine(script: string): string {
  const given = process.argv.slice(2).filter((argument) => argument !== "--markdown");
  return `npm run ${script}${given.length > 0 ? ` -- ${given.join(" ")}` : ""}`;
}
