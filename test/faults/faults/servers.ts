import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support";
import { FIRST_BROKER, SECOND_BROKER } from "../../support/second-broker";
import type { Fault } from "../fault";
import type { Scene } from "../scene";

/** How long a server stays away. A fault's length is part of the fault. */
const AWAY_MS = 15_000;
/** Longer than the clients wait for an answer: MongoDB's driver 12 s, Kafka's 15 s. */
const FROZEN_MS = { mongo: 20_000, kafka: 40_000 };

type Away = "stopped" | "killed" | "frozen";

async function away(scene: Scene, server: "mongo" | "kafka", how: Away): Promise<void> {
  const control = scene.stage[server];
  if (how === "stopped") await control.stop();
  if (how === "killed") await control.kill();
  if (how === "frozen") control.pause();
  // Kafka tells where the groups stand only while it is there.
  if (server === "mongo") await scene.mark();
  await delay(how === "frozen" ? FROZEN_MS[server] : AWAY_MS);
  if (server === "mongo") await scene.mark();
  if (how === "frozen") control.resume();
  else await control.start();
  scene.endedAt = performance.now();
}

function serverAway(server: "mongo" | "kafka", how: Away, bounded?: true): Fault {
  const name = server === "mongo" ? "mongod" : "kafka";
  const seconds = (how === "frozen" ? FROZEN_MS[server] : AWAY_MS) / 1_000;
  return {
    name: `${name}-${how}`,
    story: `${server === "mongo" ? "MongoDB" : "Kafka"} is ${how} under load and back after ${seconds} s`,
    bounded,
    traffic: { events: 6_000 },
    doubles: server === "mongo" ? "in flight" : "never",
    goOnWithin: 30,
    async inject(scene) {
      await scene.underWay();
      await away(scene, server, how);
    },
    async check(scene) {
      const told = scene
        .log()
        .some((line) => /^(warn|error).*(waits at|cannot|new one takes|lags)/.test(line));
      if (!told) throw new Error("nothing in the log tells of it");
    },
  };
}

/** What every insert into the letters is answered with, as long as the fail point is on. */
async function failLetters(scene: Scene, mode: "alwaysOn" | "off"): Promise<void> {
  const data = {
    failCommands: ["insert"],
    namespace: `${scene.space.db.databaseName}.dead_letters`,
    errorCode: 8,
    errorLabels: [],
  };
  await scene.space.mongo.db("admin").command({ configureFailPoint: "failCommand", mode, data });
}

/** Moves what Kafka knows of all groups to a broker, and with it the groups' coordinator; resolves when it is there. */
async function moveCoordinator({ admin }: Scene["space"], broker: number): Promise<void> {
  const topic = "__consumer_offsets";
  const partitions = async () =>
    (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [];
  const partitionAssignment = (await partitions()).map(({ partitionId }) => ({
    partition: partitionId,
    replicas: [broker],
  }));
  await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] });
  await waitFor(
    async () =>
      (await partitions()).every(({ leader, replicas }) => leader === broker && replicas.length === 1),
    { what: `the groups' coordinator to be at broker ${broker}`, limitMs: 60_000, everyMs: 100 },
  );
}

/** Until neither server takes what is written any more: a full disk ends both. */
async function fillDisk(scene: Scene): Promise<void> {
  const { disk, kafka, mongo } = scene.stage;
  await disk?.fill();
  await waitFor(
    () =>
      [kafka, mongo].some(({ pid }) => pid === null) ||
      scene.log().some((line) => /^warn.*(waits at|cannot)/.test(line)),
    {
      what: "a server, or the gateway, to notice that the disk is full",
      limitMs: 60_000,
    },
  );
}

export const SERVERS: Fault[] = [
  serverAway("mongo", "stopped"),
  serverAway("mongo", "killed", true),
  serverAway("mongo", "frozen"),
  {
    name: "primary-steps-down",
    story: "MongoDB's primary steps down three times and is elected again",
    traffic: { events: 6_000 },
    doubles: "in flight",
    async inject(scene) {
      await scene.underWay();
      const admin = scene.space.mongo.db("admin");
      for (let time = 0; time < 3; time += 1) {
        await scene.mark();
        // The connection may be closed before the answer has come.
        await admin.command({ replSetStepDown: 3, force: true }).catch(() => undefined);
        await scene.mark();
        await waitFor(async () => (await admin.command({ hello: 1 })).isWritablePrimary === true, {
          what: "a primary",
          limitMs: 30_000,
        });
        scene.endedAt = performance.now();
        await scene.mark();
        await scene.send(0.6 + 0.1 * time);
      }
    },
  },
  {
    name: "letters-refused",
    story: "MongoDB refuses every dead letter for a while",
    bounded: true,
    traffic: { bad: 0.2 },
    doubles: "never",
    async inject(scene) {
      await failLetters(scene, "alwaysOn");
      try {
        await scene.send(0.8);
        await waitFor(() => scene.log().some((line) => /^warn: .*events waits at/.test(line)), {
          what: "the gateway to tell that a partition waits",
          limitMs: 30_000,
        });
        await delay(5_000);
        // That no offset has passed one of them shows at the end: it would be missing.
        if ((await scene.letters()).length > 0) throw new Error("letters are there though all are refused");
      } finally {
        await failLetters(scene, "off");
      }
      scene.endedAt = performance.now();
    },
  },
  {
    name: "disk-full",
    story: "the disk of Kafka and MongoDB is full under load, which ends them, and has room again after 15 s",
    traffic: { events: 6_000 },
    doubles: "in flight",
    goOnWithin: 30,
    diskMib: 2_000,
    async inject(scene) {
      await scene.underWay();
      await scene.mark();
      await fillDisk(scene);
      await delay(AWAY_MS);
      await scene.stage.disk?.free();
      // As a supervisor does with what has ended.
      await Promise.all([scene.stage.kafka.start(), scene.stage.mongo.start()]);
      await scene.mark();
      scene.endedAt = performance.now();
    },
  },
  serverAway("kafka", "stopped"),
  serverAway("kafka", "killed"),
  serverAway("kafka", "frozen"),
  {
    name: "coordinator-moves",
    story: "the coordinator of all groups moves to another broker and back, twice, under load",
    traffic: { events: 6_000 },
    doubles: "never",
    async inject(scene) {
      const { space, stage } = scene;
      await scene.underWay();
      const second = await stage.startSecondBroker();
      try {
        for (let time = 0; time < 2; time += 1) {
          await scene.send(0.6 + 0.2 * time);
          await moveCoordinator(space, SECOND_BROKER);
          // Commits reach the coordinator where it is now.
          await scene.allCommitted();
          await scene.send(0.7 + 0.2 * time);
          await moveCoordinator(space, FIRST_BROKER);
        }
        scene.endedAt = performance.now();
      } finally {
        await moveCoordinator(space, FIRST_BROKER);
        await second.stop();
      }
    },
  },
];
