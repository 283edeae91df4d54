/** Rules as `portcullis.yaml` writes them: `virustotal: { malicious: 2, analysedWithin: 30d }`. */
import * as z from "zod";
import type { Condition, Rule as DomainRule } from "../domain/policy.ts";
import { type KnownProvider, knownProviders } from "../domain/provider-terms.ts";
import { count, strict, whole } from "./schema-parts.ts";
import { duration } from "./shapes.ts";

const providers: readonly KnownProvider[] = Object.values(knownProviders);

/** What is asked of one provider: least numbers, and times in seconds. */
type Asked = Readonly<Record<string, number | undefined>>;
type AskedOf = Readonly<Record<string, Asked | undefined>>;

const askedShape: Readonly<Record<string, z.ZodType<Asked | undefined>>> = Object.fromEntries(
  providers.map((provider) => [provider.name, askedOf(provider).optional()]),
);

/** Least values of 0 would hold for everybody, so they start at 1. */
function askedOf({ terms, bounds }: KnownProvider): z.ZodType<Asked> {
  const numbers = terms.numbers.map((number) => {
    const [least, most] = bounds[number] ?? [1];
    return [number, count(least, most)] as const;
  });
  const times = terms.times.map((time) => [within(time), duration().optional()] as const);
  return strict(Object.fromEntries<z.ZodType<number | undefined>>([...numbers, ...times]));
}

/** The key by which a rule asks how long ago something was. */
export function within(time: string): string {
  return `${time}Within`;
}

export const SightingsShape = strict({ events: whole(1), within: duration() }).transform((need) => ({
  events: need.events,
  seconds: need.within,
}));

const accusing = providers.flatMap(({ name, terms }) => terms.accusing.map((number) => `${name}.${number}`));

/** Some conditions, one of which speaks against the address. */
const Group = strict(askedShape).transform((group, context): readonly Condition[] => {
  const conditions = conditionsOf(group);
  if (!conditions.some(isAccusing) && isFaultless(context)) {
    refuse(context, [], `this would hold for innocent addresses: it needs ${oneAccusing}`);
  }
  return conditions;
});

const oneAccusing = `at least one of ${accusing.join(", ")}`;

const Rule = strict({
  ...askedShape,
  quorum: whole(1, 100).optional(),
  of: z.array(Group).min(1, { error: "expected at least one item" }).max(100).optional(),
  sightings: SightingsShape.optional(),
}).transform(({ quorum, of, sightings, ...asked }, context): DomainRule => {
  const conditions = conditionsOf(asked);
  checkQuorum(quorum, of, context);
  const asksEnough = quorum !== undefined || of !== undefined || conditions.some(isAccusing);
  if (!asksEnough && isFaultless(context)) {
    const needed = `${oneAccusing}, or a quorum`;
    refuse(context, [], `this rule would hold for innocent addresses: it needs ${needed}`);
  }
  return {
    conditions,
    quorum: quorum === undefined || of === undefined ? null : { least: quorum, of },
    sightings: sightings ?? null,
  };
});

export const Rules = z.array(Rule).max(100, { error: "expected at most 100 rules" });

type Refusing = Pick<z.core.$RefinementCtx, "addIssue" | "issues">;

/** A key that is misspelt has been told already; what is missing without it need not be. */
function isFaultless({ issues }: Refusing): boolean {
  return issues.length === 0;
}

function refuse(context: Refusing, path: (string | number)[], message: string): void {
  context.addIssue({ code: "custom", path, message });
}

function checkQuorum(
  quorum: number | undefined,
  of: readonly (readonly Condition[])[] | undefined,
  context: Refusing,
): void {
  if (of === undefined) {
    if (quorum !== undefined) {
      refuse(context, ["quorum"], "needs `of`: the list of which so many must hold");
    }
    return;
  }
  if (quorum === undefined) {
    refuse(context, ["of"], "needs `quorum`: how many of these must hold");
  } else if (quorum > of.length) {
    refuse(context, ["quorum"], `expected at most ${of.length}, the number of items in \`of\``);
  }
  const firstOf = new Map<string, number>();
  of.forEach((group, index) => {
    const text = JSON.stringify(group);
    const first = firstOf.get(text);
    if (first === undefined) {
      firstOf.set(text, index);
    } else {
      refuse(context, ["of", index], `is the same as of[${first}] and would count twice`);
    }
  });
}

function conditionsOf(asked: AskedOf): readonly Condition[] {
  return providers.flatMap(({ name: provider, terms }) => {
    const of = asked[provider] ?? {};
    const numbers = terms.numbers.flatMap((number): readonly Condition[] => {
      const least = of[number];
      return least === undefined ? [] : [{ kind: "least", provider, number, least }];
    });
    const times = terms.times.flatMap((time): readonly Condition[] => {
      const seconds = of[within(time)];
      return seconds === undefined ? [] : [{ kind: "within", provider, time, seconds }];
    });
    return [...numbers, ...times];
  });
}

function isAccusing(condition: Condition): boolean {
  return (
    condition.kind === "least" && accusing.some((one) => one === `${condition.provider}.${condition.number}`)
  );
}
