import { connectedProducer } from "../session/backlog";
import { drained } from "../session/drained";
import { eventMaker } from "../session/events";
import { fill } from "../session/fill";
import { jobFor } from "../session/filled";
import type { Session } from "../session/session";
import type { Contender } from "../ways/contenders";
import { type Sent, sendAtRate } from "./load";
import { type LatencyMeasurement, latencyBetween } from "./summary";

export interface LatencyOptions {
  rate: number;
  seconds: number;
  round: number;
  partitions: number;
}

/** Events of the warm-up: the groups join over them, and the code is compiled. */
const WARM_UP_SECONDS = 3;
const LIMIT_MS = 60_000;
const BYTES = 500;

/** One way at one rate, over a topic and a database of its own. */
export async function measureLatency(
  session: Session,
  way: Contender,
  { rate, seconds, round, partitions }: LatencyOptions,
): Promise<LatencyMeasurement> {
  const warmUp = rate * WARM_UP_SECONDS;
  const events = warmUp + rate * seconds;
  const topic = await fill(session, { partitions, bytes: BYTES, events: 0 });
  const name = session.name();
  const job = jobFor(session, topic, name, { plugins: 1, timesOf: events });
  const producer = await connectedProducer(session.brokers);
  const running = await way.start(job);
  try {
    const sent: Sent = { dueAt: new Float64Array(events), ackedAt: new Float64Array(events) };
    const load = { topic: topic.topic, rate, messageAt: eventMaker(BYTES) };
    const wait = { brokers: session.brokers, topic: topic.topic, groups: way.groups(job), limitMs: LIMIT_MS };
    await sendAtRate(producer, { ...load, from: 0, to: warmUp }, sent);
    await drained({ ...wait, events: warmUp, broken: running.broken });
    await sendAtRate(producer, { ...load, from: warmUp, to: events }, sent);
    await drained({ ...wait, events, broken: running.broken });
    const { times } = await running.end();
    if (!times) throw new Error(`${way.name} kept no times.`);
    const measurement: LatencyMeasurement = {
      way: way.name,
      rate,
      round,
      events: rate * seconds,
      sinceAcknowledged: latencyBetween(sent.ackedAt, times, warmUp),
      sinceDue: latencyBetween(sent.dueAt, times, warmUp),
    };
    console.log(JSON.stringify(measurement));
    return measurement;
  } finally {
    await running.kill();
    await producer.disconnect();
    await session.deleteTopics(topic.topicPrefix);
    await session.forget(name);
  }
}
