import type { ClientSession, Collection, Db } from "mongodb";
import type { EventTransaction, TransactionMethod } from "../../../schemas/delivery";
import { WeirError } from "../../../schemas/errors";

/** Where each method takes its options, among its arguments. */
const OPTIONS_AT: Record<TransactionMethod, number> = {
  aggregate: 1,
  bulkWrite: 1,
  countDocuments: 1,
  deleteMany: 1,
  deleteOne: 1,
  distinct: 2,
  find: 1,
  findOne: 1,
  findOneAndDelete: 1,
  findOneAndReplace: 2,
  findOneAndUpdate: 2,
  insertMany: 1,
  insertOne: 1,
  replaceOne: 2,
  updateMany: 2,
  updateOne: 2,
};

type Methods = Record<string, (...args: unknown[]) => unknown>;

/**
 * A handler's access to its transaction. It is closed as soon as the handler is done: the driver would send what comes later
 * as a plain write, outside of any transaction.
 */
export class TransactionAccess implements EventTransaction {
  private open = true;

  constructor(
    private readonly db: Db,
    private readonly bound: ClientSession,
  ) {}

  get session(): ClientSession {
    this.assertOpen("session");
    return this.bound;
  }

  close(): void {
    this.open = false;
  }

  collection<Document extends object>(name: string): Pick<Collection<Document>, TransactionMethod> {
    const collection = this.db.collection(name) as unknown as Methods;
    const methods: Methods = {};
    for (const [method, optionsAt] of Object.entries(OPTIONS_AT)) {
      methods[method] = (...args) => {
        this.assertOpen(`${name}.${method}`);
        const given = args.slice(0, optionsAt);
        while (given.length < optionsAt) given.push({});
        const options = (args[optionsAt] ?? {}) as object;
        return collection[method]?.call(collection, ...given, { ...options, session: this.bound });
      };
    }
    return new Proxy(methods, { get: boundMethod(name) }) as unknown as Pick<
      Collection<Document>,
      TransactionMethod
    >;
  }

  private assertOpen(what: string): void {
    if (this.open) return;
    throw new WeirError(
      "WEIR_TRANSACTION_OVER",
      `${what} was used after its handler had returned or its time was up. Await every call before the handler returns, and stop when delivery.signal is aborted.`,
    );
  }
}

/** A method that is not there is told by what may be used instead; a promise's own `then` must stay absent. */
function boundMethod(collection: string) {
  return (methods: Methods, method: string | symbol): unknown => {
    if (typeof method === "symbol" || method === "then" || method in methods)
      return methods[method as string];
    throw new WeirError(
      "WEIR_TRANSACTION_METHOD",
      `${collection}.${method} cannot be used within a transaction. These can: ${Object.keys(OPTIONS_AT).join(", ")}.`,
    );
  };
}
