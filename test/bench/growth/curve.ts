import type { Session } from "../session/session";

/** How far the curves go. */
export interface GrowthOptions {
  /** Events of a backlog where its size is not what grows. */
  events: number;
  rounds: number;
  /** The largest backlog. */
  backlog: number;
  /** The largest collection of stored events. */
  stored: number;
  /** Events of the backlog over which keys expire, and how long they live. */
  expiring: number;
  ttlSeconds: number;
}

export interface Point {
  line: string;
  x: number;
  /** A value for each round. */
  perSecond: number[];
}

export interface Curve {
  name: string;
  title: string;
  /** What grows. */
  x: string;
  y: "events/s" | "deliveries/s";
  measure(session: Session, options: GrowthOptions): Promise<Point[]>;
}

/** Rounds of a value, gathered by line and place. */
export class Points {
  private readonly points = new Map<string, Point>();

  add(line: string, x: number, perSecond: number): void {
    const key = JSON.stringify([line, x]);
    const point = this.points.get(key) ?? { line, x, perSecond: [] };
    point.perSecond.push(perSecond);
    this.points.set(key, point);
  }

  all(): Point[] {
    return [...this.points.values()];
  }
}
