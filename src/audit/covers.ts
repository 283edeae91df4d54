import { type IpPrefix, lengthOf, prefixContains, prefixesOverlap } from "../domain/ip-address.ts";
import type { Choice, Conditions, PortRange } from "./rule.ts";

/** How values of one dimension lie to each other. */
interface Relation<T> {
  /** Everything in `inner` is in `outer`. */
  readonly contains: (outer: T, inner: T) => boolean;
  readonly overlaps: (a: T, b: T) => boolean;
}

/** True when every packet that meets `later` surely meets `earlier`. False when that is not sure. */
export function covers(earlier: Conditions, later: Conditions): boolean {
  // What is cheap to compare comes first.
  return (
    holds(earlier.protocol, later.protocol, texts) &&
    holds(earlier.destinationPort, later.destinationPort, ports) &&
    holds(earlier.state, later.state, texts) &&
    holds(earlier.inInterface, later.inInterface, interfaces) &&
    holds(earlier.outInterface, later.outInterface, interfaces) &&
    holds(earlier.sourcePort, later.sourcePort, ports) &&
    holds(earlier.icmpType, later.icmpType, icmpTypes) &&
    holds(earlier.source, later.source, networks) &&
    holds(earlier.destination, later.destination, networks) &&
    earlier.others.every((other) => !other.hasMemory && later.others.some(({ text }) => text === other.text))
  );
}

/** True when both say the same, and saying it twice changes nothing. */
export function isSame(a: Conditions, b: Conditions): boolean {
  return covers(a, b) && covers(b, a);
}

function holds<T>(outer: Choice<T> | null, inner: Choice<T> | null, relation: Relation<T>): boolean {
  if (outer === null) {
    return true;
  }
  if (inner === null) {
    return false;
  }
  const within = (values: readonly T[], bounds: readonly T[]): boolean =>
    values.every((value) => bounds.some((bound) => relation.contains(bound, value)));
  if (outer.isNegated) {
    return inner.isNegated
      ? within(outer.of, inner.of)
      : inner.of.every((value) => !outer.of.some((bound) => relation.overlaps(bound, value)));
  }
  return !inner.isNegated && within(inner.of, outer.of);
}

const texts: Relation<string> = { contains: (outer, inner) => outer === inner, overlaps: (a, b) => a === b };

const networks: Relation<IpPrefix> = {
  contains: (outer, inner) => mayContain(outer, inner) && prefixContains(outer, inner),
  overlaps: prefixesOverlap,
};

/** Tells most networks apart by their text: lists of thousands are compared each with each. */
function mayContain(outer: IpPrefix, inner: IpPrefix): boolean {
  const length = lengthOf(outer);
  if (length > lengthOf(inner)) {
    return false;
  }
  const end = outer.includes(":") ? -1 : dotAfter(outer, Math.floor(length / 8));
  return end < 0 || inner.startsWith(outer.slice(0, end));
}

/** Where so many whole bytes of an IPv4 network end; -1 for none. */
function dotAfter(text: IpPrefix, bytes: number): number {
  let at = -1;
  for (let n = 0; n < bytes; n += 1) {
    at = n === 3 ? text.indexOf("/") : text.indexOf(".", at + 1);
  }
  return at;
}

const interfaces: Relation<string> = {
  contains: (outer, inner) =>
    outer === inner || (outer.endsWith("+") && inner.startsWith(outer.slice(0, -1))),
  overlaps: (a, b) => interfaces.contains(a, b) || interfaces.contains(b, a),
};

const ports: Relation<PortRange> = {
  contains: ([from, to], [innerFrom, innerTo]) => from <= innerFrom && innerTo <= to,
  overlaps: ([from, to], [otherFrom, otherTo]) => from <= otherTo && otherFrom <= to,
};

/** `3` holds `3/4`. */
const icmpTypes: Relation<string> = {
  contains: (outer, inner) => outer === inner || inner.startsWith(`${outer}/`),
  overlaps: (a, b) => icmpTypes.contains(a, b) || icmpTypes.contains(b, a),
};
