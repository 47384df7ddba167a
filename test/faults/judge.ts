import type { SentEvents } from "../support/sent-events";
import { EffectsLedger, type GroupExpectation, type GroupVerdict } from "./ledger";
import { judgeLetters } from "./letters";
import type { Scene } from "./scene";

/** What was sent, and what every group owes for it. */
export interface Account {
  events: SentEvents;
  /** The bad messages' bytes, told as `told` tells a letter's. */
  bad: string[];
  told?: (bytes: Buffer) => string;
  expectations: readonly (Scene["groups"][number] & GroupExpectation)[];
}

export interface Judgement {
  groups: GroupVerdict[];
  letters: number;
  problems: string[];
}

/** Holds the whole ledger of a scene, effects and letters of every group, against what was sent. */
export async function judge(scene: Scene, { events, bad, told, expectations }: Account): Promise<Judgement> {
  const groups: GroupVerdict[] = [];
  const unclaimed: string[] = [];
  for (const parts of Object.values(Object.groupBy(expectations, ({ group }) => group))) {
    const [first, ...others] = parts ?? [];
    if (!first) continue;
    const ledgers = [first, ...others].map((part) => ({ part, ledger: new EffectsLedger(part, events) }));
    let strays = 0;
    for await (const effect of scene.effectsOf(first)) {
      const its = ledgers.filter(({ part: { part } }) => part?.of(effect) ?? true);
      for (const { ledger } of its) ledger.enter(effect);
      if (its.length === 0) strays += 1;
    }
    groups.push(...ledgers.map(({ ledger }) => ledger.verdict()));
    if (strays > 0)
      unclaimed.push(`${first.group}: ${strays} effects say that they are of nothing that is known`);
  }
  const letters = await scene.letters(told);
  const problems = [
    ...groups.flatMap(({ group, problems: of }) => of.map((problem) => `${group}: ${problem}`)),
    ...unclaimed,
    ...judgeLetters(letters, { bad }, expectations).map((problem) => `dlq: ${problem}`),
  ];
  return { groups, letters: letters.length, problems };
}
