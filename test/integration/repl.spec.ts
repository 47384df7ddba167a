import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { allCommitted, createSpace, exampleOf, type Space, temporaryFolder, waitFor } from "../support";
import { daemonEnvironment } from "../support/daemon-environment";

/** The commands as somebody types them, in the real command line of a real gateway. */
describe("command line", () => {
  let space: Space;
  let home: Awaited<ReturnType<typeof temporaryFolder>>;
  let child: ChildProcess;
  let output = "";

  before(async () => {
    space = await createSpace();
    home = await temporaryFolder();
    child = spawn(process.execPath, ["--require", "tsx/cjs", "test/fixtures/repl-gateway.ts"], {
      // The history of what was typed is kept in the home folder.
      env: { ...process.env, ...daemonEnvironment(space.configuration), HOME: home.folder, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    await prompt();
  });
  after(async () => {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, "exit");
    await home.remove();
    await space.close();
  });

  function prompt() {
    return waitFor(() => output.endsWith("weir $ "), { what: `the prompt after:\n${output}` });
  }

  /** Types a line → what is printed until the next prompt. */
  async function type(line: string): Promise<string> {
    output = "";
    child.stdin?.write(`${line}\n`);
    await prompt();
    return output.slice(0, -"weir $ ".length);
  }

  it("publish: sends the example of a type under an id of its own", async () => {
    for (const _ of [1, 2])
      assert.match(await type("publish order.placed"), /event id .*\n.*\n│ [0-9a-f-]{36} /);
    await allCommitted(space, ["order-projection", "events"], ["order.placed"]);
    assert.equal(await space.db.collection("events").countDocuments({ "metadata.service_name": /./ }), 2);
  });

  it("publish: sends a payload that is typed, under a key; says what is wrong with another", async () => {
    const payload = {
      user_id: "u7",
      email: "a@b.example",
      name: "A B",
      registered_at: "2026-01-01T00:00:00Z",
    };
    const json = JSON.stringify({ ...payload, marketing_consent: true });
    assert.match(await type(`publish user.registered --payload '${json}' --key k7`), /event id/);
    await allCommitted(space, ["events"], ["user.registered"]);
    const stored = await space.db.collection("events").findOne({ "payload.user_id": "u7" });
    assert.equal(stored?.kafka.key, "k7");
    assert.match(
      await type(`publish user.registered --payload '{"user_id": 1}'`),
      /must have required property/,
    );
    assert.match(await type("publish user.registered --payload {oops"), /not JSON.*\bpublish <event_type>/s);
    assert.match(await type("publish"), /Which event type\?.*order\.placed/s);
    assert.match(
      await type("publish order.teleported"),
      /no schema for order\.teleported.*WEIR_EVENT_TYPE_UNKNOWN/,
    );
  });

  it("status: shows every group and what became of its messages", async () => {
    const text = await type("status");
    assert.match(text, /^ready: node /);
    assert.match(text, /│ order-projection │ running │ +0 │ +0 │ +2 │/);
    assert.match(text, /│ notifier +│ running │/);
  });

  it("dlq: lists, shows, retries, discards and counts letters", async () => {
    await space.produce("order.paid", [{ key: "k", value: "no \u001b[31mJSON" }]);
    const bounced = {
      user_id: "u8",
      email: "x@bounce.example",
      name: "X",
      registered_at: "2026-01-01T00:00:00Z",
    };
    await type(
      `publish user.registered --payload '${JSON.stringify({ ...bounced, marketing_consent: true })}'`,
    );
    await allCommitted(space, ["events"], ["order.paid"]);
    await allCommitted(space, ["notifier"], ["user.registered"]);

    assert.match(await type("dlq"), /2 dead letters \(status pending\)/);
    const refused = await type("dlq list --reason unparseable");
    assert.match(refused, /1 dead letter \(status pending, reason unparseable\)/);
    const id = /[0-9a-f]{24}/.exec(refused)?.[0];
    const letter = await type(`dlq get ${id}`);
    assert.match(letter, /came from.*order\.paid\[\d\] offset 0, key k/);
    assert.match(
      letter,
      /The message, 12 bytes, as text:\nno \\x1b\[31mJSON/,
      "a message does not steer the terminal",
    );

    assert.match(await type(`dlq retry ${id} 0123456789abcdef01234567`), /0 of 2 done/);
    assert.match(await type(`dlq discard ${id} --reason "sent by mistake"`), /who says so are needed/);
    const why = '--reason "sent by mistake" --by ann';
    assert.match(await type(`dlq discard ${id} ${why}`), /discarded.*1 of 1 done/s);
    assert.match(await type(`dlq get ${id}`), /discarded +sent by mistake +ann/);
    assert.match(await type("dlq list --status all --group notifier"), /550 There is no mailbox/);
    assert.match(await type("dlq list --status discarded"), new RegExp(String(id)));
    assert.match(await type("dlq retry --group notifier"), /not done, still pending.*0 of 1 done/s);
    assert.match(await type("dlq retry --reason no_such_reason"), /No open letter matches/);
    for (const narrower of [
      "--topic no.such.topic",
      "--to 2020-01-01T00:00:00Z",
      `--cause ${"0".repeat(16)}`,
    ]) {
      assert.match(await type(`dlq list --group notifier ${narrower}`), /^No dead letters/);
      assert.match(await type(`dlq retry --group notifier ${narrower}`), /No open letter matches/);
      assert.match(await type(`dlq discard --group notifier ${narrower} ${why}`), /No open letter matches/);
    }
    const others = await type(`dlq discard --group notifier --status retried ${why}`);
    assert.match(others, /--status chooses nothing here/);
    assert.match(await type("dlq stats"), /2 dead letters, 1 open.*│ reason, open +│ handler_error +│ +1 │/s);
  });

  it("dlq edit, dlq import: a message put right, and letters made of a topic", async () => {
    const event = { ...exampleOf("order.paid"), event_id: "lower-case" };
    const wrong = { ...event, payload: { ...event.payload, currency: "eur" } };
    await space.produce("order.paid", [{ key: "k", value: JSON.stringify(wrong) }]);
    await allCommitted(space, ["events"], ["order.paid"]);
    const id = /[0-9a-f]{24}/.exec(await type("dlq list --reason invalid"))?.[0];
    assert.match(await type(`dlq edit ${id} --by ann`), /the whole event, who says so and why are needed/);
    const why = '--by ann --note "currencies are in capitals"';
    assert.match(
      await type(`dlq edit ${id} --event '${JSON.stringify(wrong)}' ${why}`),
      /refused as invalid/,
    );
    const edited = await type(`dlq edit ${id} --event '${JSON.stringify(event)}' ${why}`);
    assert.match(edited, /edited +ann +currencies are in capitals/);
    assert.match(await type(`dlq retry ${id}`), /1 of 1 done/);

    await space.createTopics(["orders-dlt"], 1);
    await space.produce("orders-dlt", [{ key: "k", value: JSON.stringify(event) }]);
    const imported = await type(
      `dlq import ${space.topic("orders-dlt")} --topic ${space.topic("order.paid")}`,
    );
    assert.match(imported, /letters made.*\n.*\n│ \S+orders-dlt +│ +1 │ +0 │/);
    assert.match(await type("dlq import"), /One topic is needed/);
  });

  it("idempotency: counts, and tells who holds a key", async () => {
    assert.match(await type("idempotency"), /claim documents?, 0 in hand\n.*│ claimed +│ [1-9]/s);
    const { keys } = (await space.db.collection("idempotency_keys").findOne({ status: "completed" })) ?? {};
    const key = String(keys?.[0]);
    assert.match(await type(`idempotency get '${key}'`), /status +│ completed .*epoch 1, attempt/s);
    assert.match(await type("idempotency get 'notifier|nobody'"), /Nobody holds notifier\|nobody/);
    assert.match(await type("idempotency burn"), /idempotency get '<key>'/);
  });

  it("dlq: shows, sets and removes retry policies", async () => {
    assert.match(await type("dlq policies"), /every dead letter waits for a person/);
    const retry = `--retry '{ "kind": "fixed_interval", "interval_ms": 900000 }'`;
    const text = await type(`dlq set-policy --group notifier ${retry} --by ann --note "mails bounce"`);
    assert.match(text, /group notifier │ fixed_interval +│ by ann .*interval_ms 900000.*mails bounce/s);
    const id = /[0-9a-f]{24}/.exec(text)?.[0];
    assert.match(await type("dlq set-policy --retry sometimes --by ann"), /\/retry .*"kind"/);
    assert.match(await type("dlq set-policy --group notifier"), /--retry and --by are needed/);
    assert.match(await type(`dlq remove-policy ${id}`), /every dead letter waits for a person/);
    assert.match(await type(`dlq remove-policy ${id}`), /WEIR_DLQ_POLICY_NOT_FOUND/);
  });

  it("replay: looks first, begins, shows, and changes sessions", async () => {
    assert.match(await type("replay"), /No replay was ever begun here/);
    assert.match(await type("replay start"), /Which events\?.*--all/s);
    assert.match(await type("replay start --all"), /Where to\?/);
    const choice = "--type order.placed --from 2020-01-01T00:00:00Z";
    assert.match(
      await type(`replay start ${choice} --dry-run`),
      /2 events would be handed over; nothing was/,
    );
    const begun = await type(`replay start --group order-projection ${choice} --rate 0.1 --by ada`);
    assert.match(begun, /order-projection.*event_type order\.placed.*from 2020-01-01 00:00:00/s);
    const id = /[0-9a-f]{24}/.exec(begun)?.[0];
    assert.match(await type(`replay pause ${id} --reason "let me see"`), /│ status +│ paused.*let me see/s);
    assert.match(await type("replay list --status paused"), new RegExp(`1 replay\n[^]*│ ${id} │ paused`));
    assert.match(await type(`replay resume ${id}`), /│ status +│ running/);
    assert.match(await type(`replay cancel ${id}`), /│ status +│ cancelled/);
    assert.match(await type(`replay cancel ${id}`), /WEIR_REPLAY_STATE/);
    assert.match(
      await type("replay start --all --group nobody"),
      /There is no group nobody.*WEIR_GROUP_UNKNOWN/,
    );
  });

  it("dlq groups, redrive: shows what is broken, and hands it over again as a job", async () => {
    const groups = await type("dlq groups");
    const [, cause = ""] = /│ ([0-9a-f]{16}) │ open +│ +1 │ +1 │ mixed +│ notifier/.exec(groups) ?? [];
    assert.match(
      await type(`dlq set-group ${cause} --status acknowledged --note "known"`),
      /is acknowledged/,
    );
    assert.match(await type("dlq groups --status acknowledged"), new RegExp(cause));
    assert.match(await type("dlq groups --status ignored"), /Nothing is broken/);
    assert.match(await type("dlq set-group"), /A cause and a status are needed/);

    assert.match(await type("redrive start --group notifier --dry-run"), /1 letter would be handed over/);
    const old = "redrive start --group notifier --to 2020-01-01T00:00:00Z --dry-run";
    assert.match(await type(old), /No open letter matches/);
    const [, id = ""] =
      /Redrive ([0-9a-f]{24}) begins/.exec(await type(`redrive start --cause ${cause}`)) ?? [];
    await waitFor(async () => /paused by weir/.test(await type(`redrive status ${id} --result failed`)), {
      what: "the only letter to fail again",
    });
    assert.match(await type("redrive"), new RegExp(`${id}.*paused by weir.*fingerprint ${cause}`));
    assert.match(await type(`redrive cancel ${id}`), /cancelled/);
    assert.match(await type(`redrive resume ${id}`), /WEIR_REDRIVE_ENDED/);
    assert.match(await type("redrive start"), /Which letters\?/);
    assert.match(await type("redrive burn"), /redrive burn is not known/);
  });

  it("indexes: shows declared against actual ones", async () => {
    await space.db.collection("sample_orders").dropIndex("order_id_1");
    const text = await type("indexes order-projection");
    assert.match(text, /│ order-projection │ sample_orders │ order_id_1 +│ order_id +│ unique +│ missing/);
    assert.match(await type("indexes"), /│ events +│ events +│ event_id_unique/);
    assert.match(await type("indexes nobody"), /nobody declares no indexes; these do: .*events/);
  });

  it("answers a mistake with one message and no stack", async () => {
    for (const line of [
      "dlq get 1",
      "dlq burn",
      "replay burn",
      "replay get",
      "replay get 1",
      "status --loud",
      "dlq get 0123456789abcdef01234567",
    ]) {
      const text = await type(line);
      assert.ok(text.trim().length > 0, line);
      assert.doesNotMatch(text, /\n\s+at /, line);
    }
  });
});
