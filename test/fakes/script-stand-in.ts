import { createInterface } from "node:readline";
import { hash } from "node:crypto";
import type { ServerChannel } from "ssh2";
import {
  familyOf,
  type IpAddress,
  type IpPrefix,
  lengthOf,
  parseIpPrefix,
  prefixesOverlap,
  prefixOf,
} from "../../src/domain/ip-address.ts";
import { script } from "../../src/enforce/iptables-ssh/script-run.ts";
import type { Drops } from "../../src/ports.ts";

export interface ScriptOptions {
  readonly ownAddresses?: readonly IpAddress[];
  readonly now?: () => Date;
  /** True: every login runs the installed script, whatever command it asks for. */
  readonly isHelper?: boolean;
}

/** What the script does wrong. Everything is off at first. */
export interface ScriptMisbehaviour {
  /** Takes requests and never answers. */
  hang: boolean;
  /** Drops the connection when it gets a request. */
  drop: boolean;
  /** What the login shell prints before the script runs. */
  banner: string;
  /** The script is killed by a signal before it is ready. */
  killed: boolean;
  /** Says this on stderr and exits with 1 before the script runs. */
  refusal: string;
  /** Answers every add with this reason, as failed. */
  failAdds: string;
  /** Answers every add with this reason, as applied: packets may still pass. */
  onlyApplied: string;
  /** Reported by `read` until something is applied. */
  faults: readonly string[];
  /** The default gateway does not answer. */
  gatewayIsSilent: boolean;
  /** The installed helper is that of another version. */
  isOutdated: boolean;
}

/** The lines of `portcullis-fw.sh`, without a kernel. */
export interface ScriptStandIn {
  /** What is dropped now, with the seconds that are left; infinity: without end. */
  readonly entries: () => ReadonlyMap<IpPrefix, number>;
  /** Takes an entry out as if somebody had done it by hand. */
  readonly forget: (prefix?: IpPrefix) => void;
  /** What each entry has dropped, as `read` reports it. */
  readonly drops: Map<IpPrefix, Drops>;
  /** Whether the run that was asked last drops packets to blocked networks too. */
  readonly isOutbound: () => boolean;
  readonly misbehave: ScriptMisbehaviour;
  /** Runs of the script, requests, and those that rebuilt everything. */
  readonly counts: { runs: number; requests: number; rebuilds: number };
  /** @param dropConnection ends the SSH connection */
  readonly run: (channel: ServerChannel, command: string, dropConnection: () => void) => void;
}

export function createScriptStandIn(options: ScriptOptions): ScriptStandIn {
  const { ownAddresses = [], now = () => new Date(), isHelper = false } = options;
  const ends = new Map<IpPrefix, number>();
  const drops = new Map<IpPrefix, Drops>();
  const counts = { runs: 0, requests: 0, rebuilds: 0 };
  const misbehave = wellBehaved();
  let isOutbound = false;
  const entries = (): ReadonlyMap<IpPrefix, number> => {
    for (const [prefix, end] of ends) {
      if (end <= now().getTime()) {
        ends.delete(prefix);
      }
    }
    return new Map([...ends].map(([prefix, end]) => [prefix, Math.floor((end - now().getTime()) / 1000)]));
  };

  const refusalOf = (prefix: IpPrefix, nevers: readonly IpPrefix[]): string | undefined => {
    if (lengthOf(prefix) < (familyOf(prefix) === 4 ? 24 : 48)) {
      return "too wide";
    }
    const all = [...ownAddresses.map(prefixOf), ...nevers];
    return all.some((other) => prefixesOverlap(prefix, other)) ? "must never be blocked" : undefined;
  };
  const add = (prefix: IpPrefix, seconds: string, nevers: readonly IpPrefix[]): string => {
    const refusal = refusalOf(prefix, nevers);
    if (refusal !== undefined) {
      return `refused ${prefix} ${refusal}`;
    }
    if (!/^(?:[1-9]\d{0,6}|-)$/.test(seconds)) {
      return `refused ${prefix} not 1 to 2147483 seconds`;
    }
    if (misbehave.failAdds !== "") {
      return `failed ${prefix} ${misbehave.failAdds}`;
    }
    ends.set(prefix, seconds === "-" ? Number.POSITIVE_INFINITY : now().getTime() + Number(seconds) * 1000);
    return misbehave.onlyApplied === "" ? `verified ${prefix}` : `applied ${prefix} ${misbehave.onlyApplied}`;
  };
  const change = (line: string, nevers: readonly IpPrefix[]): string => {
    const [verb, text = "", seconds = ""] = line.split(" ");
    const prefix = parseIpPrefix(text);
    if (prefix === undefined || prefix !== text) {
      return `refused ${text} not a canonical network`;
    }
    if (verb === "add") {
      return add(prefix, seconds, nevers);
    }
    if (verb === "verify") {
      return ends.has(prefix) ? `verified ${prefix}` : `failed ${prefix} is not in the set`;
    }
    ends.delete(prefix);
    drops.delete(prefix);
    return `verified ${prefix}`;
  };
  const report = (): readonly string[] => [
    ...ownAddresses.map((address) => `own ${address}`),
    ...[...entries()].map(([prefix, seconds]) => entryLine(prefix, seconds, drops.get(prefix))),
    `capacity ${ends.size} 1048576`,
    ...misbehave.faults.map((fault) => `fault ${fault}`),
  ];
  const apply = (lines: readonly string[], nevers: readonly IpPrefix[]): readonly string[] => {
    const repaired = misbehave.faults.map((fault) => `repaired ${fault}`);
    misbehave.faults = [];
    if (lines.includes("rebuild")) {
      counts.rebuilds += 1;
      ends.clear();
    }
    return [
      ...repaired,
      ...lines.filter((line) => /^(add|del|verify) /.test(line)).map((line) => change(line, nevers)),
    ];
  };
  const removeAll = (): readonly string[] => {
    ends.clear();
    drops.clear();
    return ["removed all"];
  };
  const answer = (lines: readonly string[], nevers: readonly IpPrefix[]): readonly string[] => {
    counts.requests += 1;
    if (lines.includes("read")) {
      return report();
    }
    if (lines.includes("route")) {
      return [`gateway 192.0.2.254 ${misbehave.gatewayIsSilent ? "silent" : "answers"}`];
    }
    if (lines.includes("inspect")) {
      return ["text id uid=0(root)", `text date ${Math.floor(now().getTime() / 1000)}`];
    }
    return lines.includes("remove-all") ? removeAll() : apply(lines, nevers);
  };

  /** Answers the requests of one run, after the greeting. */
  const serve = (run: Run, dropConnection: () => void): void => {
    let nevers: readonly IpPrefix[] = [];
    isOutbound = false;
    run.onRequest((id, lines) => {
      if (lines === undefined) {
        run.say([`begin ${id}`, " error the request was cut off", `end ${id}`]);
        return true;
      }
      nevers = [...(lines.includes("forget") ? [] : nevers), ...neversOf(lines)];
      const outbound = lines.findLast((line) => line.startsWith("outbound "));
      isOutbound = outbound === undefined ? isOutbound : outbound === "outbound on";
      if (misbehave.drop) {
        dropConnection();
      } else if (!misbehave.hang) {
        run.say([`begin ${id}`, ...answer(lines, nevers).map((line) => ` ${line}`), `end ${id}`]);
      }
      return !misbehave.hang;
    });
    const sum = misbehave.isOutdated ? "0123456789ab" : scriptSum;
    run.say([`ready 2 sets ${isHelper ? sum : "-"}`]);
  };
  return {
    entries,
    forget(prefix) {
      for (const one of prefix === undefined ? [...ends.keys()] : [prefix]) {
        ends.delete(one);
      }
    },
    drops,
    isOutbound: () => isOutbound,
    misbehave,
    counts,
    run(channel, command, dropConnection) {
      counts.runs += 1;
      channel.on("error", () => undefined);
      channel.write(misbehave.banner);
      const start = startOf(command);
      if (misbehave.killed) {
        channel.exit("KILL");
        channel.end();
      } else if (misbehave.refusal !== "" || (!isHelper && start === undefined)) {
        channel.stderr.write(`${misbehave.refusal || "sh: not found"}\n`);
        channel.exit(1);
        channel.end();
      } else {
        follow(channel, isHelper ? undefined : start, (run) => {
          serve(run, dropConnection);
        });
      }
    },
  };
}

const scriptSum = hash("sha256", script).slice(0, 12);

function wellBehaved(): ScriptMisbehaviour {
  return {
    hang: false,
    drop: false,
    banner: "",
    killed: false,
    refusal: "",
    failAdds: "",
    onlyApplied: "",
    faults: [],
    gatewayIsSilent: false,
    isOutdated: false,
  };
}

function entryLine(prefix: IpPrefix, seconds: number, drops: Drops | undefined): string {
  const left = seconds === Number.POSITIVE_INFINITY ? "-" : String(seconds);
  return `entry ${prefix} ${left}${drops === undefined ? "" : ` ${drops.packets} ${drops.bytes}`}`;
}

function neversOf(lines: readonly string[]): readonly IpPrefix[] {
  return lines.flatMap((line) => {
    const prefix = line.startsWith("never ") ? parseIpPrefix(line.slice(6)) : undefined;
    return prefix === undefined ? [] : [prefix];
  });
}

interface Start {
  readonly isSession: boolean;
  readonly nonce: string;
}

/** Reads the end of a command line, or the first line that an installed script gets. */
function startOf(text: string): Start | undefined {
  const [, mode, nonce] =
    /(?:portcullis-fw|^start) (session|batch) ([0-9a-f]+)(?: "\$SSH_CONNECTION")?$/.exec(text) ?? [];
  return nonce === undefined ? undefined : { isSession: mode === "session", nonce };
}

/** One run of the script. */
interface Run {
  /** Lines that begin with a space are part of an answer. */
  readonly say: (lines: readonly string[]) => void;
  readonly onRequest: (respond: Respond) => void;
}

/** False when there will be no answer. `lines` is undefined for a batch that was cut off. */
type Respond = (id: string, lines: readonly string[] | undefined) => boolean;

/** @param known undefined: the first line tells */
function follow(channel: ServerChannel, known: Start | undefined, onStart: (run: Run) => void): void {
  let start = known;
  let lines: string[] = [];
  let respond: Respond | undefined;
  const begin = ({ nonce }: Start): void => {
    onStart({
      say: (said) => {
        channel.write(
          said.map((line) => (line.startsWith(" ") ? `${line.slice(1)}\n` : `${nonce} ${line}\n`)).join(""),
        );
      },
      onRequest: (listener) => {
        respond = listener;
      },
    });
  };
  const reader = createInterface({ input: channel });
  reader.on("line", (line) => {
    if (respond === undefined) {
      start ??= startOf(line);
      // The text of the script comes first where it is not installed.
      if (start !== undefined && (known === undefined || line === "# the script ends here")) {
        begin(start);
      }
    } else if (start?.isSession === true && line.startsWith("end ")) {
      respond(line.slice(4), lines);
      lines = [];
    } else {
      lines.push(line);
    }
  });
  reader.on("close", () => {
    const isWhole = lines.pop() === "end batch";
    const hangs = start?.isSession === false && respond?.("batch", isWhole ? lines : undefined) === false;
    if (!hangs) {
      channel.exit(0);
      channel.end();
    }
  });
}
