import type { REPLServer } from "node:repl";
import type { ServiceBroker } from "moleculer";
import type { Shutdown } from "./shutdown";

/** Opens the command line when a person sits in front of the process. Leaving it stops the gateway. */
export function openRepl(broker: ServiceBroker, shutdown: Shutdown): void {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  const repl = broker.repl() as unknown as REPLServer | undefined;
  // Moleculer's own way out exits with 0 whatever happened.
  repl?.removeAllListeners("exit");
  repl?.once("exit", () => void shutdown.begin("the command line was left"));
}
