import { MongoClient } from "mongodb";
import { testServers } from "./servers";

/** A connected client; the caller closes it. */
export async function mongoClient(url = testServers().mongoUrl): Promise<MongoClient> {
  return await MongoClient.connect(url, { useUnifiedTopology: true, serverSelectionTimeoutMS: 10_000 });
}
