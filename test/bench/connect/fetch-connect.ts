import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { verifyFolder } from "../../../services/embedded/checksums";
import { DEPENDENCY_PLUGIN, KAFKA_VERSION } from "../../../services/embedded/fetch-kafka";
import { requireMaven } from "../../../services/embedded/prerequisites";
import { programSources } from "../../../services/embedded/private-servers";
import { fetchOnce, type KafkaProgram, kafkaProgram } from "../../../services/embedded/programs";
import { lastLines, runProgram } from "../../../services/embedded/run-program";
import checksums from "./checksums.json";

const SINK_VERSION = "2.0.1";
const LOG4J_VERSION = "2.25.3";

const dependency = (group: string, artifact: string, version: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId>
  <artifactId>bench-connect</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    ${dependency("org.apache.kafka", "connect-runtime", KAFKA_VERSION)}
    ${dependency("org.apache.kafka", "connect-json", KAFKA_VERSION)}
    ${dependency("org.mongodb.kafka", "mongo-kafka-connect", SINK_VERSION)}
    ${dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION)}
  </dependencies>
</project>
`;

export interface ConnectProgram {
  java: string;
  /** Kafka Connect's and the sink's jars. */
  libs: string;
}

/** Kafka Connect with MongoDB's sink: fetched once, beside the embedded Kafka, each jar checked against the table. */
export async function connectProgram(env: NodeJS.ProcessEnv): Promise<ConnectProgram> {
  const sources = programSources(env);
  const { java }: KafkaProgram = await kafkaProgram(sources);
  const name = `kafka-connect-${KAFKA_VERSION}-mongo-${SINK_VERSION}`;
  return { java, libs: path.join(await fetchOnce(name, fetchJars, sources), "libs") };
}

async function fetchJars(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const maven = await requireMaven(env);
  const libs = path.join(folder, "libs");
  await mkdir(libs, { recursive: true });
  const pom = path.join(folder, "pom.xml");
  await writeFile(pom, POM);
  const args = ["--batch-mode", "--file", pom, `${DEPENDENCY_PLUGIN}:copy-dependencies`];
  const options = [`-DoutputDirectory=${libs}`, "-DincludeScope=runtime"];
  const { code, output } = await runProgram(maven, [...args, ...options], { env, cwd: folder });
  if (code !== 0 || (await readdir(libs)).length === 0)
    throw new Error(`Maven could not fetch Kafka Connect; it said:\n${lastLines(output)}`);
  await verifyFolder(libs, checksums);
  await rm(pom);
}
