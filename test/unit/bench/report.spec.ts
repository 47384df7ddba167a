import assert from "node:assert/strict";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../../schemas/catalog";
import { pausesIn } from "../../bench/connect/connect-worker";
import { replaceSection } from "../../bench/report/page";
import { barPicture, linePicture } from "../../bench/report/picture";
import { eventMaker, numberOf } from "../../bench/session/events";
import { processCpuMs } from "../../bench/session/process-cpu";

describe("reports of measurements", () => {
  it("replace what is between a section's markers, and nothing else", () => {
    const page = "before\n<!-- bench -->\nold\n<!-- end of bench -->\nafter\n";
    const replaced = replaceSection(page, "bench", "new\n");
    assert.equal(replaced, "before\n<!-- bench -->\nnew\n<!-- end of bench -->\nafter\n");
    assert.throws(() => replaceSection(page, "latency", "new"), /no <!-- latency -->/);
  });

  it("draw bars as long as their values", () => {
    const bar = { min: 50, max: 100, text: "", highlighted: false };
    const svg = barPicture("<b>", [
      { ...bar, label: "a", value: 100 },
      { ...bar, label: "b", value: 50 },
    ]);
    const [whole = 0, half = 0] = [...svg.matchAll(/<rect x="290"[^>]* width="([\d.]+)"/g)].map(([, w]) =>
      Number(w),
    );
    assert.equal(whole, half * 2);
    assert.ok(svg.startsWith("<svg ") && svg.includes("&lt;b&gt;") && !svg.includes("<b>"));
  });

  it("draw a line through every place", () => {
    const points = [
      { x: 1, y: 10 },
      { x: 16, y: 20 },
    ];
    const svg = linePicture("t", "partitions", [{ label: "gateway", points }]);
    const [, path = ""] = /<polyline points="([^"]+)"/.exec(svg) ?? [];
    assert.equal(path, "70.0,160.0 590.0,40.0");
  });

  it("sum the pauses of a JVM's collector", () => {
    const log = [
      "[0.5s][info][gc] Using G1",
      "[1.1s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 23M->4M(256M) 3.500ms",
      "[1.2s][info][gc] GC(1) Concurrent Mark Cycle 12.000ms",
      "[1.3s][info][gc] GC(1) Pause Remark 10M->10M(256M) 1.250ms",
    ];
    assert.equal(pausesIn(log.join("\n")), 4.75);
  });

  it("measure with events that are valid, of the size asked for, and known by their number", () => {
    const catalog = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });
    for (const bytes of [500, 10_000]) {
      const { value, key } = eventMaker(bytes)(5_001);
      const event = JSON.parse(value);
      assert.equal(catalog.validate(event).valid, true);
      assert.ok(value.length >= bytes && value.length < bytes + 150, String(value.length));
      assert.equal(numberOf(event.event_id), 5_001);
      assert.equal(key, "a1");
    }
  });

  it("read a process's time, and nothing of a process that is not there", () => {
    const before = processCpuMs(process.pid);
    assert.ok(before === null || before >= 0);
    assert.equal(processCpuMs(null), null);
    assert.equal(processCpuMs(2 ** 30), null);
  });
});
