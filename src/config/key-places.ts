import { type Document, isMap, isScalar, type Pair, visit } from "yaml";

/** Tells where the keys of a mapping of a YAML document stand: offsets by key. Each mapping is read once. */
export function createKeyPlaces(): (node: unknown) => ReadonlyMap<string, number> {
  const known = new WeakMap<object, ReadonlyMap<string, number>>();
  return (node) => {
    if (!isMap(node)) {
      return new Map();
    }
    const places = known.get(node) ?? new Map(node.items.flatMap(placeOf));
    known.set(node, places);
    return places;
  };
}

/** Offsets of keys that stand in their mapping a second time. */
export function repeatedKeys(document: Document.Parsed): readonly number[] {
  const repeated: number[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const [key, offset] of map.items.flatMap(placeOf)) {
        if (seen.has(key)) {
          repeated.push(offset);
        }
        seen.add(key);
      }
    },
  });
  return repeated;
}

/** How often the document stands for something by its anchor. */
export function countAliases(document: Document.Parsed): number {
  let count = 0;
  visit(document, {
    Alias() {
      count += 1;
    },
  });
  return count;
}

function placeOf({ key }: Pair): readonly (readonly [key: string, offset: number])[] {
  return isScalar(key) ? [[String(key.value), key.range?.[0] ?? 0]] : [];
}
