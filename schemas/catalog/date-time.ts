import type { FormatDefinition } from "ajv";
import addFormats from "ajv-formats";

/** The days that every month has, and those that most have; leap days and leap seconds are not among them. */
const MONTH_AND_DAY =
  "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)";
const TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?";
const ZONE = "(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
const USUAL = new RegExp(`^\\d{4}-${MONTH_AND_DAY}T${TIME}${ZONE}$`);

const library = addFormats.get("date-time") as FormatDefinition<string> & { validate(text: string): boolean };

/**
 * AJV's own format `date-time`, spared the times that are plainly right: it cuts each text into a dozen parts, which is more than half
 * of what an event's whole validation takes.
 */
export const dateTime: FormatDefinition<string> = {
  ...library,
  validate: (text: string) => USUAL.test(text) || library.validate(text),
};
