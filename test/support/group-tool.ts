import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { verifyFolder } from "../../services/embedded/checksums";
import { DEPENDENCY_PLUGIN, KAFKA_VERSION } from "../../services/embedded/fetch-kafka";
import { requireMaven } from "../../services/embedded/prerequisites";
import {
  fetchOnce,
  type KafkaProgram,
  kafkaProgram,
  type ProgramSources,
} from "../../services/embedded/programs";
import { lastLines, runProgram } from "../../services/embedded/run-program";

const JAR = `kafka-tools-${KAFKA_VERSION}.jar`;
const SHA256 = "cb7aedcd2e418b86079c4b35257c8e37800eea84723c78c8b90f535bd589888e";
const MAIN = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/** Kafka's own `kafka-consumer-groups` → what it printed: it may end with 0 also where it could not do what it was asked for. */
export async function runGroupTool(sources: ProgramSources, args: string[]): Promise<string> {
  const kafka = await kafkaProgram(sources);
  const classPath = [path.join(kafka.home, "libs", "*"), await toolsJar(kafka, sources)].join(path.delimiter);
  const { code, output } = await runProgram(kafka.java, ["-Xmx256m", "-cp", classPath, MAIN, ...args]);
  if (code !== 0) throw new Error(`kafka-consumer-groups ${args.join(" ")}:\n${lastLines(output)}`);
  return output;
}

/** The jar among Kafka's own, where a whole Kafka was given; else fetched once, beside the embedded Kafka. */
async function toolsJar({ home }: KafkaProgram, sources: ProgramSources): Promise<string> {
  const libs = path.join(home, "libs");
  const given = (await readdir(libs)).find((name) => /^kafka-tools-\d.*\.jar$/.test(name));
  if (given) return path.join(libs, given);
  const folder = await fetchOnce(`kafka-tools-${KAFKA_VERSION}`, fetchTools, sources);
  return path.join(folder, JAR);
}

async function fetchTools(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const maven = await requireMaven(env);
  const artifact = `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`;
  const args = [
    "--batch-mode",
    `${DEPENDENCY_PLUGIN}:copy`,
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${folder}`,
  ];
  const { code, output } = await runProgram(maven, args, { env, cwd: folder });
  if (code !== 0 || !existsSync(path.join(folder, JAR)))
    throw new Error(`Maven could not fetch ${artifact}; it said:\n${lastLines(output)}`);
  await verifyFolder(folder, { [JAR]: SHA256 });
}
