import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { EventEnvelope } from "../../../schemas/delivery";
import type { EventFor } from "../../../schemas/event-for";
import type { EventMap, OrderPlacedPayload } from "../../../schemas/event-types.generated";
import { GENERATED_FILE, generateTypes } from "../../../schemas/generate-types";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Checked by the compiler: the types are the same, or this file does not compile. */
const same = <A, B>(_: Same<A, B>) => {};

describe("generated event types", () => {
  it("are current: run `npm run generate` after a change of the schemas", async () => {
    assert.equal(readFileSync(GENERATED_FILE, "utf8"), await generateTypes());
  });

  it("tell the versions of a type apart", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "weir-types-"));
    mkdirSync(path.join(folder, "tank.filled"));
    for (const version of ["1.0", "2.0"]) {
      writeFileSync(
        path.join(folder, "tank.filled", `${version}.json`),
        '{ "type": "object", "title": "T" }',
      );
    }
    const text = await generateTypes([folder]);
    rmSync(folder, { recursive: true });
    assert.match(text, /interface TankFilledPayloadV1_0 /);
    assert.match(
      text,
      /"tank\.filled": \(EventEnvelope<"tank\.filled", TankFilledPayloadV1_0> & \{ event_version: "1\.0" \}\) \| /,
    );
  });

  it("give a handler the events of its type or pattern", () => {
    same<EventFor<"order.placed">, EventEnvelope<"order.placed", OrderPlacedPayload>>(true);
    same<
      EventFor<"order.*">["event_type"],
      "order.placed" | "order.paid" | "order.shipped" | "order.cancelled"
    >(true);
    same<EventFor<"order.**">, EventFor<"order.*">>(true);
    same<EventFor<"*.placed">, EventFor<"order.placed">>(true);
    same<EventFor<"**">, EventMap[keyof EventMap]>(true);
    same<EventFor<"*">, EventEnvelope>(true);
    same<EventFor<"tank.filled">, EventEnvelope<"tank.filled">>(true);
    same<EventFor<"tank.*">, EventEnvelope>(true);
    same<EventFor<string>, EventEnvelope>(true);
  });
});
