import { utc } from "../notify/words.ts";
import { bar } from "./bar.ts";
import type { ProviderAnswer } from "./provider-answer.ts";
import { table } from "./table.ts";

/** Providers for people: a line per window of each budget. */
export function writeProviders(providers: readonly ProviderAnswer[]): string {
  const head = ["provider", "state", "left", "", "waiting", "asked", "failed", "runs out", "trouble"];
  return table([head, ...providers.flatMap(rowsOf)]);
}

type Budget = NonNullable<ProviderAnswer["network"]>;

function rowsOf(provider: ProviderAnswer): readonly (readonly string[])[] {
  const { title, state, waiting, network } = provider;
  return [
    ...budgetRows([title, state], String(waiting), provider),
    ...(network === null ? [] : budgetRows(["  networks", ""], "", network)),
  ];
}

/** The first line of a budget tells all, the others only what is left of each further window. */
function budgetRows(
  names: readonly string[],
  waiting: string,
  budget: Budget,
): readonly (readonly string[])[] {
  const { windows, totals, runsOutAt } = budget;
  const [first = ["-", ""], ...others] = windows.map(leftCells);
  // What is spent already is told by what is left of it.
  const isSpent = windows.some(({ name, left }) => name !== "minute" && left === 0);
  const runsOut = runsOutAt === null || isSpent ? "-" : utc(runsOutAt);
  return [
    [...names, ...first, waiting, String(totals.asked), String(totals.failed), runsOut, troubleWords(budget)],
    ...others.map((cells) => ["", "", ...cells, "", "", "", "", ""]),
  ];
}

const gaugeLength = 10;

/** `day 400 of 500  ▇▇▇▇▇▇▇▇··` */
function leftCells({ name, limit, left }: Budget["windows"][number]): readonly string[] {
  return [`${name} ${left} of ${limit}`, bar(left, limit, gaugeLength).padEnd(gaugeLength, "·")];
}

function troubleWords({ trouble, notBefore }: Budget): string {
  return [
    ...(trouble === null ? [] : [trouble]),
    ...(notBefore === null ? [] : [`not asked before ${utc(notBefore)}`]),
  ].join("; ");
}
