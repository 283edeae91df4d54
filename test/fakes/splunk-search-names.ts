import { readConf } from "./splunk-app-conf.ts";

// What is no field in the commands that the app's searches use; arguments of search, rex and lookups are treated apart.
const words = new Set(
  `stats timechart eval where dedup table sort fillnull head bin rename iplocation geom fields
   AS BY AND OR NOT sortby true false null value span
   count dc sum min max median values case coalesce nullif isnull isnotnull match tonumber round upper strftime now if in mvindex
   allFeatures featureIdField geo_countries`.split(/\s+/),
);

/** The search with every macro replaced by what it stands for. An unknown macro is an error. */
export function expandMacros(search: string): string {
  const macros = readConf("macros.conf");
  const expand = (text: string): string =>
    text.replaceAll(/`([^`]+)`/g, (_, name: string) => {
      const definition = macros.get(name)?.get("definition");
      if (definition === undefined) {
        throw new Error(`The macro ${name} is not defined`);
      }
      return expand(definition);
    });
  return expand(search);
}

/** The kinds of Portcullis's events that an expanded search reads. */
export function kindsRead(search: string): readonly string[] {
  return [...search.matchAll(/sourcetype="portcullis:(\w+)"/g)].map(([, kind = ""]) => kind);
}

/** Names of fields that an expanded search uses and does not make itself. */
export function fieldsUsed(search: string): ReadonlySet<string> {
  const made = new Set([...search.matchAll(/\(\?<(\w+)>/g)].map(([, name = ""]) => name));
  const used = new Set<string>();
  const bare = search.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/\$[\w.|]+\$/g, '""');
  for (const [place, part] of bare.split("|").entries()) {
    for (const name of namesIn(part.trim(), place === 0)) {
      if (!made.has(name)) {
        used.add(name);
      }
    }
    for (const name of namesMade(part.trim())) {
      made.add(name);
    }
  }
  return used;
}

function namesIn(part: string, isFirst: boolean): readonly string[] {
  const command = part.split(" ", 1)[0] ?? "";
  if (command === "rex") {
    return [];
  }
  if (isFirst || command === "search") {
    return [...part.matchAll(/(\w+)\s*(?:=|!=|>|<)/g)].map(([, name = ""]) => name);
  }
  if (command === "lookup") {
    return [/^lookup \w+ (\w+)/.exec(part)?.[1] ?? ""];
  }
  const own = new Set(command === "eval" ? namesMade(part) : renamed(part));
  const names = [...part.matchAll(/[A-Za-z_]\w*/g)].map(([name]) => name);
  return names.filter((name) => !words.has(name) && !own.has(name));
}

function namesMade(part: string): readonly string[] {
  if (part.startsWith("eval ")) {
    return [...part.matchAll(/(?:^eval |, )(\w+)=(?!=)/g)].map(([, name = ""]) => name);
  }
  return part.startsWith("iplocation ") ? ["Country"] : renamed(part);
}

function renamed(part: string): readonly string[] {
  const names = [...part.matchAll(/ AS (\w+)/g)].map(([, name = ""]) => name);
  // Without AS, "count" is the name of what it makes.
  return /\bcount\b(?! AS|\()/.test(part) ? [...names, "count"] : names;
}
