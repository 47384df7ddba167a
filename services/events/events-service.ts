import type { MongoSchemaService, MongoServiceSchema } from "../../mixins/mongo-schema.mixin";
import type { ReplaySessions } from "./replay/sessions";
import type { ReplaySupervisor } from "./replay/supervisor";
import type { StoredEvent } from "./stored-event";

/** What the events service keeps beside its collections. */
export interface EventsVariables {
  sessions: ReplaySessions;
  /** Null before the start. */
  replays: ReplaySupervisor | null;
  forgetDrain: (() => void) | null;
  /** Lets the keys of a session that has ended expire; they do so by themselves later where that fails. */
  forgetKeys(replay: string, groups: string[] | undefined): Promise<void>;
}

export type EventsServiceSchema = MongoServiceSchema<StoredEvent, EventsVariables>;
export type EventsService = MongoSchemaService<StoredEvent> & EventsVariables;
