import path from "node:path";
import { parseArgs } from "node:util";
import { matchesAny } from "../../mixins/event-handler/patterns";
import type { PluginMetadata } from "../../schemas/delivery";
import { createBroker } from "../support/broker";
import { testConfiguration } from "../support/configuration";
import { privateServers } from "../support/private-servers";
import { RUN_VARIABLE, run, uniqueName } from "../support/run";
import type { Fault } from "./fault";
import { killAndRestart } from "./faults/crashes";
import { EVENTS, type GroupUnderTest } from "./groups";
import { lineOf, tableOf } from "./report";
import { runFault } from "./run-fault";
import { TYPES } from "./scene";

const USAGE = `npm run ledger -- --plugin <file> --collection <name> [--field event_id] [--types <type,…>] [--events 2000] [--kills 3]`;

/** Sends known events past a plugin, kills its gateway while it works, and tells what its collection holds of each. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      plugin: { type: "string" },
      collection: { type: "string" },
      field: { type: "string", default: "event_id" },
      types: { type: "string" },
      events: { type: "string", default: "2000" },
      kills: { type: "string", default: "3" },
    },
  });
  if (!values.plugin || !values.collection)
    throw new Error(`A plugin and its collection are needed. ${USAGE}`);
  process.env[RUN_VARIABLE] = run;
  const servers = await privateServers({ mongoParameters: { ttlMonitorSleepSecs: 1 } });
  process.env.KAFKA_BROKERS = servers.brokers.join(",");
  process.env.MONGO_URL = servers.mongoUrl;
  try {
    const plugin = path.resolve(values.plugin);
    const { group, patterns, transaction } = pluginIn(plugin);
    const underTest: GroupUnderTest = {
      group,
      promise: transaction ? "exactly once" : "at least once",
      wants: (type) => matchesAny(patterns, type),
      effects: { collection: values.collection, field: values.field },
      plugin,
    };
    const types = values.types?.split(",") ?? TYPES;
    const fault: Fault = {
      name: "ledger",
      story: `the gateway is killed ${values.kills} times`,
      groups: [EVENTS, underTest],
      traffic: { types, events: Number(values.events) },
      doubles: "in flight",
      inject: (scene) => killAndRestart(scene, Number(values.kills)),
      // Which delivery left a document is not known: any double of a plain plugin may have been in hand.
      expect: () => ({ mayDouble: () => true }),
    };
    console.log(
      `Group ${group} is held to: ${underTest.promise}. ${values.events} events of ${types.join(", ")}, ${values.kills} kills.`,
    );
    const report = await runFault(servers, fault, { timed: false });
    console.log(`${lineOf(report)}\n\n${tableOf([report])}`);
    process.exitCode = report.problems.length > 0 ? 1 : 0;
  } finally {
    await servers.close();
  }
}

/** What a plugin's file declares, as the registry would show it. */
function pluginIn(file: string): PluginMetadata {
  const loaded = require(file) as { default?: object };
  const { broker } = createBroker(testConfiguration(uniqueName("ledger")), [loaded.default ?? loaded]);
  const found = broker.services.map(({ metadata }) => metadata?.weir as PluginMetadata | undefined);
  const plugin = found.find((metadata) => metadata !== undefined);
  if (!plugin) throw new Error(`${file} is no plugin: its service does not have the eventHandler mixin.`);
  return plugin;
}

for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(signal, () => process.exit(code));
}
main().catch((error: Error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
