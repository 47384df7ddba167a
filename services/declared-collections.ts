import type { CollectionDeclaration } from "../mixins/mongo-schema.mixin";
import { productServices } from "./runtime/product-services";

export interface Owner {
  service: string;
  declarations: CollectionDeclaration[];
}

interface LoadedSchema {
  name: string;
  version?: string | number;
  mixins?: { collectionDeclarations?: CollectionDeclaration[] }[];
}

/** Who declares which collections, read from the service files without a broker. Services without collections are left out. */
export function declaredCollections(files = productServices()): Owner[] {
  return files.flatMap((file) => {
    const { name, version, mixins = [] } = schemaOf(file);
    const declarations = mixins.flatMap(({ collectionDeclarations = [] }) => collectionDeclarations);
    const service =
      version === undefined ? name : `${typeof version === "number" ? `v${version}` : version}.${name}`;
    return declarations.length > 0 ? [{ service, declarations }] : [];
  });
}

function schemaOf(file: string): LoadedSchema {
  const loaded = require(file) as LoadedSchema | { default: LoadedSchema };
  return "default" in loaded ? loaded.default : loaded;
}
