import { type IpPrefix, networkOf, prefixOf } from "./ip-address.ts";

/** A person let a network out: until then alerts can't block anything that shares an address with it. */
export interface Grace {
  readonly prefix: IpPrefix;
  readonly until: Date;
  readonly actor: string;
  readonly reason: string;
  readonly liftedAt: Date;
}

/** Why alerts can't block `about`, as a sentence. It names the network that was let out when that is another one. */
export function graceReason(about: IpPrefix, { prefix, until }: Pick<Grace, "prefix" | "until">): string {
  const address = networkOf(prefix);
  const network = prefix === prefixOf(address) ? address : prefix;
  const what = prefix === about ? "its block" : `the block on ${network}`;
  return `a person lifted ${what}; alerts can't block it before ${until.toISOString()}`;
}
