import { Loggers, type LogLevels } from "moleculer";
import pino, { type DestinationStream, type Logger, type LoggerOptions, stdSerializers } from "pino";
import pretty from "pino-pretty";
import type { Configuration } from "../../schemas/configuration/configuration";
import { redactor, secretsOf } from "../../schemas/configuration/redaction";
import { isOwnFault, pinoArguments } from "./log-arguments";
import { redactJsonLine } from "./redact-strings";

export type { Logger } from "pino";

const URL_WITH_USER = /:\/\/[^\s"]*@/;

/** For what is logged before there is a broker, in the same form. */
export function createLogger(
  configuration: Configuration,
  destination = destinationOf(configuration),
): Logger {
  return pino(pinoOptions(configuration), destination);
}

/** Moleculer's own pino logger with the gateway's settings. */
export function brokerLogger(configuration: Configuration, destination = destinationOf(configuration)) {
  return new Loggers.Pino({
    level: levelsOf(configuration),
    pino: { options: pinoOptions(configuration), destination },
  });
}

/** At `info` the registry would say again what every service says when it starts. */
function levelsOf({ logLevel }: Configuration): LogLevels {
  const levels = logLevel === "info" ? { REGISTRY: "warn", "**": logLevel } : logLevel;
  // Moleculer takes a level for each module here too; only its types do not say so.
  return levels as LogLevels;
}

function pinoOptions(configuration: Configuration): LoggerOptions {
  return {
    level: configuration.logLevel,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: configuration.logFormat === "pretty" ? serializeForPeople : serializeError },
    hooks: {
      logMethod(args, method) {
        method.apply(this, pinoArguments(args) as Parameters<typeof method>);
      },
      streamWrite: lineRedactor(configuration),
    },
  };
}

/** Works on the finished line, so that a secret is found wherever it was: in a message, a stack or nested data. */
function lineRedactor(configuration: Configuration): (line: string) => string {
  const secrets = secretsOf(configuration);
  const redact = redactor(secrets);
  const written = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const hasSecret = (line: string) =>
    URL_WITH_USER.test(line) || written.some((secret) => line.includes(secret));
  return (line) => (hasSecret(line) ? redactJsonLine(line, redact) : line);
}

function serializeError(error: Error): unknown {
  const { type, ...rest } = stdSerializers.err(error);
  // Moleculer's errors carry a stable code as their own `type`, which says more than the class.
  const told = { type: (error as { type?: unknown }).type ?? type, ...rest };
  if (!isOwnFault(error)) return told;
  const { stack: _, ...withoutStack } = told;
  return withoutStack;
}

/** The line of a fault of the gateway's own says all of it already. */
function serializeForPeople(error: Error): unknown {
  return isOwnFault(error) ? undefined : serializeError(error);
}

/** Written synchronously: the last lines before an exit are those that matter. */
function destinationOf({ logFormat }: Configuration): DestinationStream {
  if (logFormat === "json") return pino.destination({ dest: 1, sync: true });
  return pretty({
    colorize: process.stdout.isTTY === true,
    translateTime: "SYS:HH:MM:ss.l",
    messageFormat: (log, messageKey) => [log.mod, log[messageKey]].filter(Boolean).join(": "),
    ignore: "pid,hostname,nodeID,ns,mod,svc,ver",
    singleLine: true,
    destination: 1,
    sync: true,
  });
}
