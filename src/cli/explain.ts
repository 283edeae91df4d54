import { z } from "zod";
import { parseIpAddress } from "../domain/ip-address.ts";
import { cleanText } from "../domain/clean-text.ts";
import { plural, utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import { BlockAnswer } from "./block-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { wrongArgument } from "./wrong-argument.ts";

const DecisionAnswer = z.object({
  action: Shown,
  rule: Shown.nullable(),
  actor: Shown,
  decidedAt: z.coerce.date(),
});

const AddressAnswer = z.object({
  ip: Shown,
  story: z.array(z.string().transform((text) => cleanText(text, 1000))),
  decisions: z.array(DecisionAnswer),
  blocks: z.array(BlockAnswer),
});
type AddressAnswer = z.infer<typeof AddressAnswer>;

/** Says in plain words what is known about an address, what was done and why. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function explain(host: Host, address: string, { json, url }: AskOptions): Promise<ExitCode> {
  const ip = parseIpAddress(address);
  if (ip === undefined) {
    throw wrongArgument(
      'that is not one IP address: expected one like 203.0.113.5 or 2001:db8::5; "portcullis blocks" takes networks too',
    );
  }
  const body = await askApi(await readReceiver(host), {
    method: "GET",
    path: `/api/v1/addresses/${ip}`,
    url,
  });
  const answer = readAnswer(body, AddressAnswer);
  host.out(json === true ? shownJson(body) : write(answer));
  return 0;
}

/** Of a long history the newest are told. */
const mostRows = 40;

function write({ ip, story, decisions, blocks }: AddressAnswer): string {
  const events = [...decisions.map(decisionEvent), ...blocks.flatMap(blockEvents)].toSorted(
    (a, b) => a.at.getTime() - b.at.getTime(),
  );
  const shown = events.slice(-mostRows);
  const left = events.length - shown.length;
  const timeline = table([
    ["when", "what", "of", "how"],
    ...shown.map(({ at, what, of, how }) => [utc(at), what, of, how]),
  ]);
  return [
    `${ip}\n\n`,
    ...story.map((sentence) => `${sentence}\n`),
    ...(shown.length === 0 ? [] : ["\n", timeline]),
    ...(left === 0 ? [] : [`… and ${left} before that: use --json\n`]),
  ].join("");
}

interface Event {
  readonly at: Date;
  readonly what: string;
  readonly of: string;
  readonly how: string;
}

function decisionEvent({ decidedAt, action, rule, actor }: z.infer<typeof DecisionAnswer>): Event {
  return { at: decidedAt, what: "decision", of: actor, how: rule === null ? action : `${action}: ${rule}` };
}

function blockEvents({
  prefix,
  mode,
  createdAt,
  expiresAt,
  endedAt,
  lifted,
  enforcements,
}: BlockAnswer): readonly Event[] {
  const network = bareAddress(prefix);
  const until = expiresAt === null ? "until somebody lifts it" : `until ${utc(expiresAt)}`;
  const nowhere = mode === "enforce" ? "" : `, in force nowhere: made in mode ${mode}`;
  return [
    { at: createdAt, what: "block", of: network, how: `${until}${nowhere}` },
    ...enforcements.flatMap((row) => firewallEvents(row, createdAt)),
    ...(endedAt === null
      ? []
      : [
          {
            at: endedAt,
            what: lifted === null ? "end" : "lift",
            of: network,
            how: lifted === null ? endWords(endedAt, expiresAt) : `by ${lifted.actor}: ${lifted.reason}`,
          },
        ]),
  ];
}

function endWords(endedAt: Date, expiresAt: Date | null): string {
  return expiresAt === null || endedAt < expiresAt ? "another block took its place" : "its time was over";
}

function firewallEvents(
  { firewall, state, verifiedAt, endedAt, error, packets }: BlockAnswer["enforcements"][number],
  madeAt: Date,
): readonly Event[] {
  const because = error === null ? "" : `: ${error}`;
  const dropped = packets === 0 ? "" : `, ${plural(packets, "packet")} dropped`;
  const isVerified = verifiedAt !== null && verifiedAt !== undefined;
  const last = { what: "firewall", of: firewall, how: `${state}${because}${dropped}` };
  const seen = { what: "firewall", of: firewall, how: "verified" };
  return [
    ...(isVerified && state !== "verified" ? [{ at: verifiedAt, ...seen }] : []),
    { at: endedAt ?? (isVerified && state === "verified" ? verifiedAt : madeAt), ...last },
  ];
}
