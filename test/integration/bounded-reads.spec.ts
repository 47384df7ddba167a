import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import { createGateway } from "../../services/runtime/gateway";
import { createSpace, type Space, startReady } from "../support";
import { type MongoCommand, watchMongoCommands } from "../support/hostile/mongo-commands";

/** Reads whose cost a caller decides, by what is asked for. */
const READS: Record<string, object> = {
  "events.list": { event_type: "order.paid" },
  "events.search": { text: "order" },
  "events.stats": {},
  "events.histogram": { interval: "hour" },
  "events.chain": { correlation_id: "c" },
  "events.replays": {},
  "dlq.list": { group: "g" },
  "dlq.stats": {},
  "dlq.groups": {},
  "dlq.redrives": {},
};

describe("reads that a caller decides the cost of", () => {
  let space: Space;
  let broker: ServiceBroker;
  let watched: ReturnType<typeof watchMongoCommands>;

  before(async () => {
    space = await createSpace();
    watched = watchMongoCommands();
    broker = createGateway(space.configuration, { broker: { logger: false } });
    await startReady(broker);
  });
  after(async () => {
    watched?.stop();
    await broker?.stop();
    await space.close();
  });

  const counting = ({ name, command }: MongoCommand) =>
    (name === "find" && !("singleBatch" in command && command.limit === 1)) || name === "aggregate";

  for (const [action, params] of Object.entries(READS)) {
    it(`${action} has a limit of time, and of the rows that it passes over`, async () => {
      const from = watched.commands.length;
      await broker.call(action, params);
      const unbounded = watched.commands
        .slice(from)
        .filter(({ collection }) => collection === "events" || collection === "dead_letters")
        .filter((command) => counting(command) && command.command.maxTimeMS !== 10_000);
      assert.deepEqual(unbounded, []);
    });
  }

  for (const action of ["events.list", "events.search", "dlq.list", "dlq.groups"]) {
    it(`${action} says what to do instead of passing over millions of rows`, async () => {
      const deep = { ...READS[action], page: 1_000_000, pageSize: 100 };
      await assert.rejects(broker.call(action, deep), { name: "ValidationError", message: /at most 100000/ });
    });
  }
});
