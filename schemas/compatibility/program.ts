import path from "node:path";
import { parseArgs } from "node:util";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../catalog";
import { loadConfiguration } from "../configuration/load-configuration";
import { schemasAgainst, schemasIn } from "./committed-schemas";
import { compareVersionSets, reportOf } from "./compare-versions";

const USAGE = `npm run schemas -- [options] [folders]
  Lists the event types of the folders: the built-in one and WEIR_SCHEMA_DIRS if none is given.
  --check            exit with 1 when a version that was committed was changed so that it breaks somebody
  --against <what>   compare with this commit, or with a folder of the same form; HEAD if not given`;

/** → the exit code. */
function main(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { check: { type: "boolean", default: false }, against: { type: "string", default: "HEAD" } },
  });
  const { schemaDirs } = loadConfiguration(process.env);
  const dirs = (positionals.length > 0 ? positionals : [BUILT_IN_SCHEMAS, ...schemaDirs]).map((dir) =>
    path.resolve(dir),
  );
  const catalog = loadCatalog({ dirs });
  if (!values.check) {
    for (const version of catalog.list()) {
      const lifted = catalog.liftedVersion(version);
      console.log(
        `${version.event_type} ${version.event_version}${lifted ? ` (handlers see it as ${lifted})` : ""}`,
      );
    }
    return 0;
  }
  const broken = dirs.flatMap((dir) =>
    compareVersionSets(schemasAgainst(dir, values.against), schemasIn(dir)),
  );
  console.log(
    broken.length > 0 ? reportOf(broken) : `Nothing that was promised at ${values.against} is broken.`,
  );
  return broken.length > 0 ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.error(code?.startsWith("ERR_PARSE_ARGS") ? `${message}\n${USAGE}` : message);
  process.exitCode = 2;
}
