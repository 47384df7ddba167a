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
  for (const expectation of expectations) {
    const ledger = new EffectsLedger(expectation, events);
    for await (const effect of scene.effectsOf(expectation)) ledger.enter(effect);
    groups.push(ledger.verdict());
  }
  const letters = await scene.letters(told);
  const problems = [
    ...groups.flatMap(({ group, problems: of }) => of.map((problem) => `${group}: ${problem}`)),
    ...judgeLetters(letters, { bad }, expectations).map((problem) => `dlq: ${problem}`),
  ];
  return { groups, letters: letters.length, problems };
}
