import * as fc from "fast-check";

const octet = fc.nat(255);

/** Any IPv4 address as text. */
export const ipv4Text = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));

// Zeros are frequent, so that there are runs to be compressed.
const group = fc.oneof(fc.constant(0), fc.nat(0xffff));

/** The eight 16-bit groups of any IPv6 address. */
export const ipv6Groups = fc.array(group, { minLength: 8, maxLength: 8 });

/** Any IPv6 address written in some way: full, compressed at any place, upper case, last 32 bits dotted. */
export const ipv6Text = fc
  .record({
    groups: ipv6Groups,
    cut: fc.nat(7),
    upper: fc.boolean(),
    dotted: fc.boolean(),
    pad: fc.boolean(),
  })
  .map(({ groups, cut, upper, dotted, pad }) => {
    const written = groups.map((value) => value.toString(16).padStart(pad ? 4 : 1, "0"));
    const [g6 = 0, g7 = 0] = groups.slice(6);
    const tail = dotted ? [[g6 >> 8, g6 & 255, g7 >> 8, g7 & 255].join(".")] : written.slice(6);
    const text = compressed([...written.slice(0, 6), ...tail], groups, cut);
    return upper ? text.toUpperCase() : text;
  });

/** Writes the run of zeros that begins at `cut`, if there is one before the last two groups, as `::`. */
function compressed(written: readonly string[], groups: readonly number[], cut: number): string {
  let end = cut;
  while (end < 6 && groups[end] === 0) {
    end += 1;
  }
  return end === cut
    ? written.join(":")
    : `${written.slice(0, cut).join(":")}::${written.slice(end).join(":")}`;
}
