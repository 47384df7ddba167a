import assert from "node:assert/strict";
import { hostsOf } from "../../../mixins/mongo-schema/connection-errors";

describe("the hosts of a connection string", () => {
  for (const [uri, hosts] of [
    ["mongodb://a:1,b:2/?replicaSet=rs0", "a:1,b:2"],
    ["mongodb+srv://user:pass@cluster.example/db", "cluster.example"],
    ["mongodb://user:p/a@s?s@a:1/db?w=1", "a:1"],
    ["mongodb://", "(no host)"],
  ] as const) {
    it(`of ${uri} are ${hosts}`, () => assert.equal(hostsOf(uri), hosts));
  }
});
