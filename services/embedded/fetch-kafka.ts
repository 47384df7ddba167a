import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { verifyFolder } from "./checksums";
import { kafka as checksums } from "./checksums.json";
import { requireMaven } from "./prerequisites";
import type { ProgressView } from "./progress";
import { lastLines, runProgram } from "./run-program";

export const KAFKA_VERSION = "4.1.2";
const LOG4J_VERSION = "2.25.3";
export const DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** Fetches Kafka's jars with Maven into `<folder>/libs`, each checked against the table. */
export async function fetchKafka(folder: string, env: NodeJS.ProcessEnv, view: ProgressView): Promise<void> {
  const maven = await requireMaven(env);
  const libs = path.join(folder, "libs");
  await mkdir(libs, { recursive: true });
  const pom = path.join(folder, "pom.xml");
  await writeFile(pom, POM);

  const what = `Fetching Apache Kafka ${KAFKA_VERSION}`;
  const total = Object.keys(checksums).length;
  const fetched = new Set<string>();
  view.update({ what, done: 0, total, unit: "files" });
  const args = [
    "--batch-mode",
    "--file",
    pom,
    `${DEPENDENCY_PLUGIN}:copy-dependencies`,
    `-DoutputDirectory=${libs}`,
    "-DincludeScope=runtime",
  ];
  const result = await runProgram(maven, args, {
    env,
    onLine: (line) => {
      // What is in Maven's cache already is not fetched and not named.
      const [, name] = /Downloaded from \S+ \S+\/(\S+\.jar)/.exec(line) ?? [];
      if (name && name in checksums)
        view.update({ what, done: fetched.add(name).size, total, unit: "files" });
    },
  });
  if (result.code !== 0) {
    throw new WeirError(
      "WEIR_FETCH_FAILED",
      `Maven could not fetch Kafka ${KAFKA_VERSION}; it said:\n${lastLines(result.output)}\n` +
        "Is the network there, and does ~/.m2/settings.xml name the proxy or mirror? Or set KAFKA_BROKERS or WEIR_KAFKA_HOME.",
    );
  }
  await verifyFolder(libs, checksums);
  await rm(pom);
  view.update({ what, done: total, total, unit: "files" });
}
