import assert from "node:assert/strict";
import { groupsOf, type RegisteredService } from "../../../services/bridge/groups";

function service(
  fullName: string,
  nodeID: string,
  weir: Record<string, unknown>,
  available = true,
): RegisteredService {
  const plugin = {
    wire: 1,
    group: fullName,
    patterns: ["**"],
    startFrom: "beginning",
    deadLettersRefused: false,
  };
  return { fullName, nodeID, available, metadata: { weir: { ...plugin, ...weir } } };
}

describe("reading the plugins out of the registry", () => {
  it("passes over services that are no plugins, and nodes that are gone", () => {
    const { groups } = groupsOf([
      { fullName: "users", nodeID: "a", available: true, metadata: {} },
      service("gone", "b", {}, false),
    ]);
    assert.equal(groups.size, 0);
  });

  it("makes one group of a plugin that several nodes host, with everything that any version asks for", () => {
    const { groups } = groupsOf([
      service("mail", "b", { patterns: ["order.*"] }),
      service("mail", "a", { patterns: ["user.registered", "order.*"] }),
    ]);
    assert.deepEqual(groups.get("mail")?.patterns, ["order.*", "user.registered"]);
    assert.deepEqual(groups.get("mail")?.nodes, ["a", "b"]);
  });

  it("takes a pattern for strict as soon as any version says so; a version that knows nothing of it says nothing", () => {
    const { groups } = groupsOf([
      service("mail", "a", { patterns: ["order.*"] }),
      service("mail", "b", { patterns: ["order.*", "user.*"], strict: ["order.*"] }),
      service("other", "a", {}),
    ]);
    assert.deepEqual(groups.get("mail")?.strict, ["order.*"]);
    assert.deepEqual(groups.get("other")?.strict, []);
  });

  it("gives a group that two services claim to the first by name, in whatever order they came", () => {
    const services = [service("b-mail", "1", { group: "mail" }), service("a-mail", "2", { group: "mail" })];
    for (const order of [services, [...services].reverse()]) {
      const { groups, conflicts } = groupsOf(order);
      assert.equal(groups.get("mail")?.service, "a-mail");
      assert.deepEqual(conflicts, [{ group: "mail", services: ["a-mail", "b-mail"] }]);
    }
  });
});
