import type { Configuration } from "./configuration";
import { redactUrls } from "./redaction";

/** The settings as the log shows them: no password, no key. */
export function describeConfiguration(configuration: Configuration): Record<string, unknown> {
  const { mongo, kafka, transporter } = configuration;
  return {
    ...configuration,
    transporter: transporter && redactUrls(transporter),
    mongo: { ...mongo, url: redactUrls(mongo.url) },
    kafka: {
      ...kafka,
      ssl: kafka.ssl && {
        rejectUnauthorized: kafka.ssl.rejectUnauthorized,
        ca: kafka.ssl.ca ? "given" : "default",
        clientCertificate: kafka.ssl.cert !== undefined,
      },
      sasl: kafka.sasl && { mechanism: kafka.sasl.mechanism, username: kafka.sasl.username },
    },
  };
}
