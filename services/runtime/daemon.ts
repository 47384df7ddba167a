import type { BrokerOptions, ServiceBroker } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import { describeConfiguration } from "../../schemas/configuration/describe-configuration";
import { loadConfiguration, withServers } from "../../schemas/configuration/load-configuration";
import { unknownVariables } from "../../schemas/configuration/unknown-variables";
import { acquireServers } from "../embedded/embedded-servers";
import { replCommands } from "../repl/commands";
import { brokerOptions } from "./broker-options";
import { environmentOverrides } from "./environment-overrides";
import { isOwnFault } from "./log-arguments";
import { createLogger, type Logger } from "./logger";
import { Shutdown } from "./shutdown";
import { onStopSignals } from "./signals";

/** What moleculer-runner asks moleculer.config.ts for: prepares the process, then the servers, then the options. */
export async function daemonOptions(): Promise<BrokerOptions> {
  const configuration = configurationOrExit();
  const logger = createLogger(configuration);
  const shutdown = new Shutdown({ logger, deadlineMs: configuration.stopDeadlineMs });
  superviseProcess(shutdown, logger);
  try {
    return await prepare(configuration, shutdown, logger);
  } catch (error) {
    logger.fatal("The gateway cannot start.", error as never);
    await shutdown.begin("the gateway could not start", { failed: true });
    throw error;
  }
}

async function prepare(given: Configuration, shutdown: Shutdown, logger: Logger): Promise<BrokerOptions> {
  for (const { variable, nearest } of unknownVariables(process.env)) {
    logger.warn(`${variable} is no setting of the gateway and is ignored. Was ${nearest} meant?`);
  }
  const configuration = withServers(given, await serversFor(given, shutdown, logger));
  logger.info("Configuration", describeConfiguration(configuration) as never);
  const options = brokerOptions(configuration, {
    // Moleculer's types know a command only with its default parser.
    replOptions: { delimiter: "weir $", customCommands: replCommands as never[] },
    created: (broker: ServiceBroker) => shutdown.own(broker),
    started: async (broker: ServiceBroker) => {
      // A command line only where a person sits in front of it.
      if (process.stdin.isTTY && process.stdout.isTTY) broker.repl();
    },
  });
  for (const variable of environmentOverrides(options, process.env)) {
    logger.warn(
      `${variable} from the environment replaces a setting of Moleculer's. Unset it if that is not meant.`,
    );
  }
  return options;
}

function configurationOrExit(): Configuration {
  try {
    return loadConfiguration(process.env);
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    console.error(`${error.type}: ${error.message}`);
    process.exit(1);
  }
}

/** The user's own servers; those that are not given are the embedded ones. */
async function serversFor(configuration: Configuration, shutdown: Shutdown, logger: Logger) {
  const servers = await acquireServers({
    dataDir: configuration.dataDir,
    kafka: configuration.kafka.brokers.length === 0,
    mongo: configuration.mongo.url === "",
    // A terminal is shown a progress bar, a log gets lines.
    onProgress: process.stderr.isTTY ? undefined : (line) => logger.info(line),
    onLost: () => {
      logger.error("The embedded servers are gone: somebody ended the process that keeps them.");
      void shutdown.begin("no servers", { failed: true });
    },
  });
  shutdown.release("the embedded servers", servers.release);
  return servers;
}

function superviseProcess(shutdown: Shutdown, logger: Logger): void {
  // A daemon stays until it is told to stop, also when nothing else keeps the process.
  setInterval(() => undefined, 2 ** 30);
  onStopSignals({
    stop: (signal) => void shutdown.begin(signal),
    force: (signal, exitCode) => {
      logger.error(`${signal} again: exiting at once. What was in hand is left uncommitted.`);
      process.exit(exitCode);
    },
  });
  // A promise that a plugin forgot leaves the process's state as it was; every plugin would pay for stopping.
  process.on("unhandledRejection", (reason: unknown) => {
    logger.error(
      "A promise was rejected and nobody handled it; the gateway goes on. Await it, or catch it.",
      reason as never,
    );
  });
  process.on("uncaughtException", (error: unknown, origin) => {
    logger.fatal(`${origin}: stopping, because the process may be in any state now.`, error as never);
    void shutdown.begin(origin, { failed: true });
  });
}
