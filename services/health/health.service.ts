import type { Server } from "node:http";
import type { Service, ServiceSchema } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { startHealthServer, stopHealthServer } from "./health-server";
import { readinessOf } from "./readiness";

type HealthService = Service & { server?: Server };

/** Answers orchestrators over HTTP: `/livez` (the process runs) and `/readyz` (the gateway does its work). */
const health: ServiceSchema = {
  name: "health",

  async started(this: HealthService) {
    const { http } = configurationOf(this.broker);
    if (!http) return;
    const { server, port } = await startHealthServer(http, () => readinessOf(this.broker));
    this.server = server;
    this.logger.info(`Answers on http://${http.host}:${port}/livez and /readyz.`);
  },

  async stopped(this: HealthService) {
    if (this.server) await stopHealthServer(this.server);
  },
};

export default health;
