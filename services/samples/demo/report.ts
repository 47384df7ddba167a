import { type Cell, table } from "../../repl/table";
import type { LetterSeen } from "./evidence";
import type { GroupLedger } from "./ledger";

const HEAD = ["group", "produced", "delivered", "duplicates", "failed", "refused", "adds up"];

const LEGEND = `  produced    messages sent to the topics that the group reads
  delivered   events that left their effect in the group's own MongoDB collection
  duplicates  further copies of delivered events: no second effect
  failed      events that the group's handler gave up on; they are dead letters now
  refused     messages that are no valid events; they are dead letters now, and no group was handed them`;

export function reportText(ledgers: GroupLedger[], letters: LetterSeen[]): string {
  const rows = ledgers.map(
    ({ group, produced, delivered, duplicates, failed, refused, contradictions }): Cell[] => {
      return [
        group,
        produced,
        delivered,
        duplicates,
        failed,
        refused,
        contradictions.length === 0 ? "yes" : "NO",
      ];
    },
  );
  const contradictions = ledgers.flatMap((ledger) => ledger.contradictions);
  const verdict =
    contradictions.length === 0
      ? "The numbers add up: produced = delivered + duplicates + failed + refused, in every group."
      : `The numbers do not add up:\n${contradictions.map((line) => `  ${line}`).join("\n")}\nIn the gateway's terminal, status tells what each group is at.`;
  return [table(HEAD, rows), LEGEND, "", verdict, "", lettersText(letters)].join("\n");
}

function lettersText(letters: LetterSeen[]): string {
  if (letters.length === 0) return "No dead letters.";
  const byReason = Map.groupBy(
    letters,
    ({ reason, group }) => `${reason} (${group ? `group ${group}` : "refused"})`,
  );
  const counts = [...byReason].map(([reason, of]) => ({ reason, count: of.length }));
  const lines = counts
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
    .map(({ reason, count }) => `  ${String(count).padStart(3)}  ${reason}`);
  return [
    `${letters.length} dead letters of this run:`,
    ...lines,
    "Look at them in the gateway's terminal: dlq, then dlq get <id>, dlq retry <id> or dlq discard <id>.",
  ].join("\n");
}
