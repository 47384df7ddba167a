/** A document of `sample_mails`. */
export interface Mail {
  event_id: string;
  to: string;
  subject: string;
}

/**
 * Why the addressee's mail server refuses, or null: nobody at bounce.example has a mailbox, and greylist.example takes a
 * mail only when it is tried again later, by hand.
 */
export function refusalOf(to: string, retriedByHand: boolean): string | null {
  if (to.endsWith("@bounce.example")) return `550 There is no mailbox ${to}`;
  if (to.endsWith("@greylist.example") && !retriedByHand) return `450 ${to} is greylisted, try again later`;
  return null;
}
