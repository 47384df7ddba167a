import type { Curve } from "./curve";
import { sweep } from "./sweep";

const WAYS = ["bare", "gateway", "gateway-tx"] as const;
const GATEWAYS = ["gateway", "gateway-tx"] as const;

export const backlog: Curve = sweep({
  name: "backlog",
  title: "Throughput against the size of the backlog",
  x: "events in the backlog",
  y: "events/s",
  ways: WAYS,
  places: ({ backlog: most }) => [0.05, 0.1, 0.25, 0.5, 1].map((part) => Math.round(most * part)),
  fill: (events) => ({ events }),
});

export const plugins: Curve = sweep({
  name: "plugins",
  title: "Deliveries against the number of plugins",
  x: "plugins",
  y: "deliveries/s",
  ways: WAYS,
  places: () => [1, 2, 3, 6, 10],
  run: (count) => ({ plugins: count }),
});

export const partitions: Curve = sweep({
  name: "partitions",
  title: "Throughput against the number of partitions",
  x: "partitions",
  y: "events/s",
  ways: WAYS,
  places: () => [1, 2, 4, 8, 16],
  fill: (count) => ({ partitions: count }),
});

export const gateways: Curve = sweep({
  name: "gateways",
  title: "Throughput against the number of gateways on one machine",
  x: "gateway processes",
  y: "events/s",
  ways: GATEWAYS,
  places: () => [1, 2, 3],
  // Divisible by one, two and three.
  fill: () => ({ partitions: 12 }),
  run: (processes) => ({ processes }),
});
