/**
 * Node's arguments to run a module of ours as a process of its own: as it is when compiled, through tsx when it is
 * still TypeScript. A process that mocha started has tsx without having it among its own arguments.
 */
export function programEntry(file: string, ...args: string[]): { execArgv: string[]; args: string[] } {
  const execArgv = file.endsWith(".ts") ? ["--require", require.resolve("tsx/cjs")] : [];
  return { execArgv, args: [file, ...args] };
}

/** The path of a module beside this one, compiled or not as this one is. */
export function besides(name: string): string {
  return `${__dirname}/${name}${__filename.slice(__filename.lastIndexOf("."))}`;
}
