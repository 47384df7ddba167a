import { type Break, compareSchemas } from "./compare-schemas";

/** The schema files of one folder, at one time: `<event type>/<version>` → schema. */
export type SchemaSet = ReadonlyMap<string, Record<string, unknown>>;

export interface VersionBreaks {
  event_type: string;
  event_version: string;
  breaks: (Break | { path: ""; rule: "version_removed"; message: string })[];
}

/** What the versions that there were do not promise any more; new versions and types break nothing. */
export function compareVersionSets(before: SchemaSet, after: SchemaSet): VersionBreaks[] {
  return [...before].flatMap(([name, was]) => {
    const [event_type = "", event_version = ""] = name.split("/");
    const is = after.get(name);
    const breaks: VersionBreaks["breaks"] = is
      ? compareSchemas(was, is)
      : [
          {
            path: "",
            rule: "version_removed",
            message: "its file is gone: events of it that are stored or still in Kafka are refused",
          },
        ];
    return breaks.length > 0 ? [{ event_type, event_version, breaks }] : [];
  });
}

/** What is broken and what to do, for people. */
export function reportOf(broken: VersionBreaks[]): string {
  return broken
    .map(({ event_type, event_version, breaks }) => {
      const lines = breaks.map(({ path, rule, message }) => `  ${path || "/"}: ${message} (${rule})`);
      return [
        `${event_type} ${event_version}`,
        ...lines,
        `  → ${remedyFor(event_type, event_version, breaks)}`,
      ].join("\n");
    })
    .join("\n\n");
}

function remedyFor(type: string, version: string, breaks: VersionBreaks["breaks"]): string {
  const file = `${type}/${version}.json`;
  if (breaks.some(({ rule }) => rule === "version_removed")) return `Put ${file} back.`;
  const [major = 0] = version.split(".").map(Number);
  return `Leave ${file} as it was; put the change into ${type}/${major + 1}.0.json, and add ${type}/${version}.upcast.ts, so that handlers see one version only.`;
}
