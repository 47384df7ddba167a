import assert from "node:assert/strict";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { loadCatalog } from "../../../schemas/catalog";
import type { DeliverRequest, DeliverResponse, Outcome } from "../../../schemas/delivery";
import type { Redelivery } from "../../../schemas/redelivery";
import { REPLAY_SCOPE_HEADER } from "../../../schemas/replay";
import { Plugins } from "../../../services/bridge/plugins";
import { redeliverMany } from "../../../services/bridge/redeliver-many";

const catalog = loadCatalog({ dirs: [path.resolve(__dirname, "../../examples/schemas")] });
const completed: Outcome = { status: "completed" };

interface Call {
  action: string;
  request: DeliverRequest & { max_answer_bytes?: number };
  meta: unknown;
}

describe("many letters on their way to a plugin", () => {
  let calls: Call[];
  let answer: (request: DeliverRequest) => DeliverResponse;
  let local: boolean;

  beforeEach(() => {
    calls = [];
    answer = ({ items }) => items.map(() => completed);
    local = true;
  });

  // The broker alone is a stand-in: chunks go through `Plugins.deliver`, as live ones do.
  function plugins(): Plugins {
    const metadata = { weir: { wire: 1, group: "parcels", patterns: ["parcel.*"] } };
    const broker = {
      services: local ? [{ fullName: "parcels" }] : [],
      registry: {
        getServiceList: () => [{ fullName: "parcels", nodeID: "n", available: true, metadata }],
      },
      async call(action: string, request: DeliverRequest, { meta }: { meta?: unknown }) {
        calls.push({ action, request, meta });
        return answer(request);
      },
    } as unknown as ServiceBroker;
    return new Plugins(broker, catalog, { maxTransporterBytes: 100_000 });
  }

  function redrive(letters: Redelivery[]) {
    const to = plugins();
    const ports = {
      catalog,
      groups: () => to.groups(),
      isLocal: (service: string) => to.isLocal(service),
      deliver: (service: string, request: DeliverRequest) => to.deliver(service, request),
      send: async () => assert.fail("no letter here is of a refused message"),
      chunk: {
        maxMessages: 100,
        maxBytes: 100_000,
        maxRemoteBytes: 50_000,
        maxTransporterBytes: 100_000,
      } as Parameters<typeof redeliverMany>[0]["chunk"],
      now: () => 0,
    };
    return redeliverMany(ports, { letters, fence: { scope: "job", epoch: 3, attempt: 1 } });
  }

  function letter(id: string, scope?: string, key: string | null = null): Redelivery {
    const event = {
      event_id: id,
      event_type: "parcel.weighed",
      event_version: "1.0",
      timestamp: "2026-03-01T12:00:00Z",
      metadata: { service_name: "s", service_version: "1" },
      payload: { parcel: "p", kilograms: 2 },
    };
    return {
      id: `letter-${id}`,
      group: "parcels",
      reason: "handler_error",
      raw: Buffer.from(JSON.stringify(event)),
      original_topic: "parcel.weighed",
      partition: 0,
      offset: "7",
      key,
      headers: scope === undefined ? {} : { [REPLAY_SCOPE_HEADER]: scope },
    };
  }
  const idsOf = ({ request }: Call) => request.items.map(({ event }) => event.event_id);

  it("go as one chunk, lifted to the newest version, fenced by the job, with its mark", async () => {
    const results = await redrive([letter("a"), letter("b")]);
    assert.deepEqual(results, [{ status: "delivered" }, { status: "delivered" }]);
    const [call = assert.fail("nothing was delivered"), ...more] = calls;
    assert.equal(more.length, 0);
    const { items, ...request } = call.request;
    assert.deepEqual(request, {
      group: "parcels",
      topic: "redrive/job",
      partition: -1,
      epoch: 3,
      attempt: 1,
      lift_to: { "parcel.weighed": "2.0" },
    });
    assert.deepEqual(call.meta, { replay: "redrive/job" }, "of no letter: there are several");
    assert.deepEqual(
      items.map(({ event, delivery }) => [event.event_version, delivery.replay]),
      [
        ["1.0", "letter-a"],
        ["1.0", "letter-b"],
      ],
    );
  });

  it("tell a plugin on another node how large its answer may be", async () => {
    local = false;
    await redrive([letter("a")]);
    assert.equal(calls[0]?.request.max_answer_bytes, 100_000 - 2_048);
  });

  it("go by the keys of the replay that they failed in, in chunks of one replay, in their order", async () => {
    await redrive([letter("a"), letter("b"), letter("c", "replay/1"), letter("d", "replay/2"), letter("e")]);
    assert.deepEqual(
      calls.map((call) => [call.request.scope, idsOf(call)]),
      [
        [undefined, ["a", "b"]],
        ["replay/1", ["c"]],
        ["replay/2", ["d"]],
        [undefined, ["e"]],
      ],
    );
  });

  it("of another replay are not held up by what nobody takes now, unless they are under its Kafka key", async () => {
    answer = ({ items, scope }) => items.map(() => (scope === "replay/1" ? { status: "busy" } : completed));
    const results = await redrive([
      letter("a", "replay/1", "k1"),
      letter("b", "replay/2", "k1"),
      letter("c", "replay/2", "k2"),
      letter("d", "replay/1", "k3"),
      letter("e", undefined, null),
    ]);
    assert.deepEqual(calls.map(idsOf), [["a"], ["c"], ["e"]]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["not_now", "not_now", "delivered", "not_now", "delivered"],
    );
  });
});
