import type { AbuseIpdbReport } from "../fakes/abuseipdb.ts";
import type { VirusTotalReport } from "../fakes/virustotal.ts";

export const addressCount = 2000;
export const alertCount = 50_000;
export const worstCount = 100;

/** Never to be asked about: private, and on the allow-list. */
export const protectedAddresses = ["10.20.30.40", "192.168.7.7", "203.0.113.200"];

/** Who attacks, how often, and what the providers know of it. The same each time. */
export interface StormWorld {
  /** Worst first. */
  readonly addresses: readonly string[];
  readonly virustotal: Readonly<Record<string, VirusTotalReport>>;
  readonly abuseipdb: Readonly<Record<string, AbuseIpdbReport>>;
  /** JSON texts as Splunk posts them. @param run each has deliveries of its own */
  readonly bodies: (run: string) => readonly string[];
}

export function createStormWorld(): StormWorld {
  const addresses = Array.from({ length: addressCount }, (_, rank) => addressOf(rank));
  return {
    addresses,
    virustotal: Object.fromEntries(addresses.map((ip, rank) => [ip, reportOf(rank)])),
    abuseipdb: Object.fromEntries(addresses.map((ip, rank) => [ip, reputationOf(rank)])),
    bodies: (run) => {
      const random = createRandom(4);
      return sequence(addresses, random).map((ip, n) =>
        bodyOf(run, n, ip, severityOf(addresses.indexOf(ip))),
      );
    },
  };
}

/** Of 2,000, 160 are neighbours: 16 of the worst in two /24s, the others in 18 of eight each. */
function addressOf(rank: number): string {
  if (rank < worstCount) {
    const isNeighbour = rank % 6 === 0 && rank < 96;
    return isNeighbour ? `45.9.${rank % 12 === 0 ? 1 : 2}.${rank + 5}` : `45.${100 + rank}.7.9`;
  }
  const group = Math.floor((rank - worstCount) / 13);
  return rank % 13 === 0 && group < 144
    ? `77.88.${group % 18}.${10 + Math.floor(group / 18)}`
    : `20.${rank >> 8}.${rank & 255}.7`;
}

/** The worst are known to both. Of the others 15 % to both a little, 25 % to one, 30 % are harmless, and of 30 % nobody knows anything. */
function reportOf(rank: number): VirusTotalReport {
  const kind = rank % 20;
  const counts = { harmless: 60, undetected: 25, suspicious: 0 };
  if (rank < worstCount) {
    return { ...counts, malicious: 6 + (rank % 20) };
  }
  if (kind < 3) {
    return { ...counts, malicious: 3 };
  }
  return kind < 14
    ? { ...counts, malicious: 0 }
    : { harmless: 0, undetected: 0, malicious: 0, suspicious: 0 };
}

function reputationOf(rank: number): AbuseIpdbReport {
  const kind = rank % 20;
  if (rank < worstCount) {
    return { score: 92 + (rank % 9), reports: 400, reporters: 60 };
  }
  if (kind < 8) {
    return { score: 60, reports: 20, reporters: 7 };
  }
  return { score: 0, reports: 0, reporters: 0 };
}

function severityOf(rank: number): string | null {
  if (rank >= 0 && rank < worstCount && rank % 4 === 0) {
    return "critical";
  }
  if (rank >= 0 && rank < worstCount && rank % 2 === 0) {
    return "high";
  }
  return rank >= worstCount && rank % 10 === 1 ? "low" : null;
}

/** Each at least once, the others as often as Zipf says; one alert of a hundred is about somebody who is protected. */
function sequence(addresses: readonly string[], random: () => number): readonly string[] {
  const sums: number[] = [];
  addresses.forEach((_ip, rank) => sums.push((sums.at(-1) ?? 0) + 1 / (rank + 1)));
  const total = sums.at(-1) ?? 1;
  const draw = (): string => {
    const at = random() * total;
    return addresses[sums.findIndex((sum) => sum > at)] ?? "";
  };
  const named = Array.from({ length: alertCount - addresses.length }, (_, n) =>
    n % 100 === 0 ? (protectedAddresses[n % protectedAddresses.length] ?? "") : draw(),
  );
  return shuffle([...addresses, ...named], random);
}

function shuffle(items: string[], random: () => number): readonly string[] {
  for (let n = items.length - 1; n > 0; n -= 1) {
    const other = Math.floor(random() * (n + 1));
    [items[n], items[other]] = [items[other] ?? "", items[n] ?? ""];
  }
  return items;
}

function bodyOf(run: string, n: number, ip: string, severity: string | null): string {
  return JSON.stringify({
    sid: `scheduler__admin__search__RMD5${run}_at_${1_760_000_400 + Math.floor(n / 50)}_${n}`,
    search_name: ["SSH brute force", "Web scan", "RDP brute force"][n % 3],
    app: "search",
    owner: "admin",
    results_link: `https://splunk.example.net:8000/app/search/@go?sid=${run}_${n}`,
    result: { src_ip: ip, count: String(3 + (n % 40)), ...(severity === null ? {} : { severity }) },
  });
}

/** Mulberry32: small, and the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
