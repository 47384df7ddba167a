import { type Bar, Presets, SingleBar } from "cli-progress";

/** How far something has come; without a total only its end is known. */
export interface Progress {
  what: string;
  done: number;
  total?: number;
  /** What is counted: "files", "MB". */
  unit?: string;
}

export interface ProgressView {
  /** A line that stands by itself. */
  line(text: string): void;
  update(progress: Progress): void;
  /** Ends what is being shown, so that other output can follow. */
  close(): void;
}

/** Plain lines: one at the start, then one for every further quarter. */
export function lineProgress(write: (line: string) => void): ProgressView {
  let shown = "";
  return {
    line: write,
    update: ({ what, done, total, unit }) => {
      const quarter = total ? Math.floor((done / total) * 4) : 0;
      const key = `${what} ${quarter}`;
      if (key === shown) return;
      shown = key;
      write(total ? `${what}: ${done} of ${total} ${unit ?? ""}`.trimEnd() : `${what} …`);
    },
    close: () => undefined,
  };
}

/** A bar that is drawn over and over in a terminal. */
export function barProgress(stream: NodeJS.WriteStream): ProgressView {
  let bar: Bar | null = null;
  let shown = "";
  const close = () => {
    bar?.stop();
    bar = null;
    shown = "";
  };
  return {
    line: (text) => {
      close();
      stream.write(`${text}\n`);
    },
    update: ({ what, done, total, unit }) => {
      if (what !== shown) {
        close();
        shown = what;
        bar = new SingleBar(
          { stream, hideCursor: true, format: "{what} {bar} {value} of {total} {unit}", gracefulExit: false },
          Presets.shades_classic,
        );
        if (total) bar.start(total, done, { what, unit: unit ?? "" });
        else stream.write(`${what} …\n`);
      }
      if (total) bar?.update(done);
    },
    close,
  };
}

/** A bar in a terminal, else lines. */
export function progressFor(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? barProgress(stream) : lineProgress((line) => stream.write(`${line}\n`));
}
