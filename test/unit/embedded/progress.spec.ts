import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { barProgress, lineProgress, progressFor } from "../../../services/embedded/progress";

describe("progress of a download", () => {
  it("is a line for each quarter where there is no terminal", () => {
    const lines: string[] = [];
    const view = lineProgress((line) => lines.push(line));
    for (let done = 0; done <= 8; done += 1) view.update({ what: "Fetching", done, total: 8, unit: "files" });
    assert.deepEqual(lines, [
      "Fetching: 0 of 8 files",
      "Fetching: 2 of 8 files",
      "Fetching: 4 of 8 files",
      "Fetching: 6 of 8 files",
      "Fetching: 8 of 8 files",
    ]);
  });

  it("is one line where the total is not known", () => {
    const lines: string[] = [];
    const view = lineProgress((line) => lines.push(line));
    view.update({ what: "Fetching", done: 0 });
    view.update({ what: "Fetching", done: 0 });
    assert.deepEqual(lines, ["Fetching …"]);
  });

  it("is a bar in a terminal, which ends before a line is written", () => {
    const terminal = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
    }) as unknown as NodeJS.WriteStream;
    let written = "";
    terminal.on("data", (data) => {
      written += data;
    });
    const view = barProgress(terminal);
    view.update({ what: "Fetching", done: 1, total: 2, unit: "files" });
    view.update({ what: "Fetching", done: 2, total: 2, unit: "files" });
    view.line("Done.");
    view.close();
    assert.match(written, /Fetching .*1 of 2 files/);
    assert.match(written, /2 of 2 files.*\nDone\.\n$/s);
  });

  it("is chosen by the stream", () => {
    const stream = new PassThrough() as unknown as NodeJS.WriteStream;
    progressFor(stream).line("plain");
    assert.equal(String(stream.read()), "plain\n");
  });
});
