import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFirewallHost, systemTestsPossible } from "../system/namespaces.ts";
import { startAbuseIpdb } from "./abuseipdb.ts";
import { startSmtp } from "./smtp.ts";
import { manyNetworks, startSpamhaus } from "./spamhaus.ts";
import { startSshFirewall } from "./ssh-firewall.ts";
import { startVirusTotal } from "./virustotal.ts";

/** Everything around the receiver that the demo needs. */
export interface DemoStage {
  /** Temporary; also where the receiver's settings file would be. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Who plays what, a line each. */
  readonly cast: readonly string[];
  /** Sends a packet from this address to the firewall host; null when there is no kernel to ask. */
  readonly packetPasses: ((from: string) => Promise<boolean>) | null;
  /** Further alerts to replay. */
  readonly others: readonly {
    readonly title: string;
    readonly address: string;
    /** It ends with a block. */
    readonly isBlocked?: true;
  }[];
  /** The one of them that ends with a hold. */
  readonly heldAddress: string;
  mailAbout(
    address: string,
  ): Promise<{ readonly to: string; readonly subject: string; readonly text: string }>;
  /** Removes everything. */
  stop(): Promise<void>;
}

const heldAddress = "198.51.100.77";
const droppedNetwork = "192.0.2.64/28";
const mailMs = 30_000;

/** Starts the stand-ins; stops those that started when another one can't. */
export async function startDemoStage(): Promise<DemoStage> {
  const started: { stop(): Promise<void> | void }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).reverse()) {
      await part.stop();
    }
  };
  const keep = <T extends { stop(): Promise<void> | void }>(part: T): T => {
    started.push(part);
    return part;
  };
  try {
    return await start(keep, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  keep: <T extends { stop(): Promise<void> | void }>(part: T) => T,
  stop: () => Promise<void>,
): Promise<DemoStage> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-demo-"));
  keep({
    stop: () => {
      rmSync(dir, { recursive: true, force: true });
    },
  });
  const apiKey = "demo-key";
  const virusTotal = keep(
    await startVirusTotal({
      apiKey,
      addresses: {
        "203.0.113.45": {
          malicious: 8,
          suspicious: 1,
          harmless: 60,
          undetected: 25,
          country: "DE",
          asOwner: "EXAMPLE-AS",
          network: "203.0.113.0/24",
        },
        [heldAddress]: { malicious: 1, harmless: 70, undetected: 23 },
        "198.51.100.9": { malicious: 0, harmless: 80, undetected: 14 },
      },
    }),
  );
  const abuseIpdb = keep(
    await startAbuseIpdb({
      apiKey,
      addresses: {
        "203.0.113.45": {
          score: 97,
          reports: 41,
          reporters: 12,
          country: "DE",
          isp: "Example Hosting",
          usageType: "Data Center/Web Hosting/Transit",
        },
        [heldAddress]: {
          score: 60,
          reports: 5,
          reporters: 4,
          country: "NL",
          isp: "Example Mobile",
          usageType: "Mobile ISP",
        },
      },
      // A shorter one would be taken for a mistake.
      blacklist: manyNetworks(200).map((network) => ({ ip: network.replace("/32", "") })),
    }),
  );
  const spamhaus = keep(
    await startSpamhaus({ v4: [droppedNetwork, ...manyNetworks(600)], v6: manyNetworks6(30) }),
  );
  // Name servers may be out of reach here, and would be asked before each block.
  writeFileSync(join(dir, "portcullis.yaml"), "protection: { crawlers: [] }\n");
  const smtp = keep(await startSmtp({ tls: "none" }));
  const firewall = await startFirewall(dir, keep);
  return {
    dir,
    env: {
      DATA_DIR: join(dir, "data"),
      HOST: "127.0.0.1",
      PORT: "0",
      MODE: "enforce",
      ALLOW_DOCUMENTATION_ADDRESSES: "true",
      VIRUSTOTAL_API_KEY: apiKey,
      VIRUSTOTAL_URL: virusTotal.url,
      ABUSEIPDB_API_KEY: apiKey,
      ABUSEIPDB_URL: abuseIpdb.url,
      SPAMHAUS_URL: spamhaus.url,
      SMTP_SERVER: smtp.host,
      SMTP_PORT: String(smtp.port),
      SMTP_TLS: "none",
      MAIL_FROM: "portcullis@example.net",
      ADMIN_EMAIL: "admin@example.net",
      ...firewall.env,
    },
    cast: [
      `VirusTotal  stand-in at ${virusTotal.url}`,
      `AbuseIPDB   stand-in at ${abuseIpdb.url}`,
      `Spamhaus    stand-in at ${spamhaus.url}`,
      `mail        a real SMTP server at ${smtp.host}:${smtp.port} that keeps what it gets`,
      `firewall    ${firewall.what}`,
    ],
    packetPasses: firewall.packetPasses,
    others: [
      { title: "An address that nobody reports", address: "198.51.100.9" },
      {
        title: "An address on Spamhaus DROP, kept on this machine: nobody is asked",
        address: "192.0.2.66",
        isBlocked: true,
      },
      { title: "An address that only some report: a person has to decide", address: heldAddress },
      { title: "A private address, which can't be blocked", address: "10.20.30.40" },
    ],
    heldAddress,
    async mailAbout(address) {
      const { mail, envelope } = await smtp.waitForMessage(
        ({ mail: { subject } }) => subject?.includes(address) === true,
        mailMs,
      );
      return { to: envelope.to.join(", "), subject: mail.subject ?? "", text: mail.text ?? "" };
    },
    stop,
  };
}

/** Networks of the range for documentation of RFC 9637. */
function manyNetworks6(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `3fff:${(index + 1).toString(16)}::/32`);
}

async function startFirewall(
  dir: string,
  keep: <T extends { stop(): Promise<void> | void }>(part: T) => T,
): Promise<{
  readonly env: Readonly<Record<string, string>>;
  readonly what: string;
  readonly packetPasses: DemoStage["packetPasses"];
}> {
  const obstacle = systemTestsPossible();
  if (obstacle === null) {
    const host = keep(await startFirewallHost());
    const keyFile = join(dir, "ssh_key");
    writeFileSync(keyFile, host.privateKey ?? "", { mode: 0o600 });
    return {
      env: {
        SSH_HOST: host.sshHost,
        SSH_PORT: String(host.sshPort),
        SSH_USER: host.user,
        SSH_PRIVATE_KEY_FILE: keyFile,
        SSH_HOST_KEY: host.hostKey,
      },
      what: `a real sshd at ${host.sshHost}:${host.sshPort} and a real kernel firewall, in a network namespace of its own`,
      packetPasses: (from) => host.attacker.ping(from),
    };
  }
  const password = "demo-password";
  const host = keep(await startSshFirewall({ password }));
  return {
    env: {
      SSH_HOST: "127.0.0.1",
      SSH_PORT: String(host.port),
      SSH_USER: "root",
      SSH_PASSWORD: password,
      SSH_HOST_KEY: host.hostKey,
    },
    what: `an SSH server at 127.0.0.1:${host.port} that stands in for one (a real one ${obstacle})`,
    packetPasses: null,
  };
}
