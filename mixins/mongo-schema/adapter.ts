import type { Logger, Service, ServiceBroker } from "moleculer";
import MongoDbAdapter from "moleculer-db-adapter-mongo";
import type { Db, MongoClient } from "mongodb";
import { type ClientLease, leaseClient } from "./shared-client";

/** The adapter of moleculer-db for MongoDB, on the process's shared client. */
export class SharedMongoAdapter extends MongoDbAdapter {
  readonly uri: string;
  client!: MongoClient;
  db!: Db;
  readonly #database: string;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #collectionName = "";
  #lease?: ClientLease;

  constructor(uri: string, database: string, logger: Logger) {
    super(uri, undefined, database);
    this.uri = uri;
    this.#database = database;
    this.#logger = logger;
  }

  /** Aborts when the service stops. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  override init(broker: ServiceBroker, service: Service): void {
    super.init(broker, service);
    this.#collectionName = (service.schema as unknown as { collection: string }).collection;
  }

  override async connect(): Promise<void> {
    this.#stop.signal.throwIfAborted();
    this.#lease = leaseClient(this.uri, this.#logger);
    this.client = await this.#lease.ready;
    this.db = this.client.db(this.#database);
    this.collection = this.db.collection(this.#collectionName);
  }

  override async disconnect(): Promise<void> {
    this.#stop.abort();
    await this.#lease?.release();
  }
}
