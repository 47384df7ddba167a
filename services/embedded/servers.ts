// `npm run servers`: the embedded servers alone, until Ctrl-C.
import { acquireServers } from "./embedded-servers";

async function main(): Promise<void> {
  const dataDir = process.env.WEIR_DATA_DIR ?? ".weir";
  const servers = await acquireServers({
    dataDir,
    kafka: true,
    mongo: true,
    onLost: () => {
      console.error("The servers are gone: somebody ended the process that keeps them.");
      process.exit(1);
    },
  });
  console.log(`Kafka    ${servers.brokers?.join(",")}`);
  console.log(`MongoDB  ${servers.mongoUrl}`);
  console.log("They stop when nobody uses them any more. Press Ctrl-C to let go of them.");

  // Neither a signal's listener nor the hold on the servers keeps a process.
  const stay = setInterval(() => undefined, 2 ** 30);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, async () => {
      clearInterval(stay);
      await servers.release();
    });
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
