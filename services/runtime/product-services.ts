import { readdirSync } from "node:fs";
import path from "node:path";

const SERVICES = path.resolve(__dirname, "..");
const SAMPLES = path.join(SERVICES, "samples");

/** Files of the gateway's own services, as sources or as built; the sample plugins only where asked for. */
export function productServices({ samples = false } = {}): string[] {
  return readdirSync(SERVICES, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.service\.(?:ts|js)$/.test(file))
    .map((file) => path.join(SERVICES, file))
    .filter((file) => samples || !file.startsWith(SAMPLES + path.sep))
    .sort();
}
