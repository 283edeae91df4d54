import type { Severity } from "./finding.ts";

/** A service that strangers have no business with. */
export interface Service {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly ports: readonly number[];
  /** When it listens and everybody can reach it. */
  readonly severity: Severity;
  readonly why: string;
}

const plainText = "It sends passwords unencrypted.";
const noPassword =
  "It asks for no password as it is installed: whoever reaches it reads, writes and often runs what he likes.";
const guessed = "It is attacked all day long with guessed passwords and each new hole.";
const amplifies =
  "It answers short questions with long answers, which is used to flood others in this host's name.";

function service(name: string, ports: readonly number[], severity: Severity, why: string): Service {
  return { name, protocol: "tcp", ports, severity, why };
}

/** Over UDP. */
function datagrams(name: string, port: number, severity: Severity, why: string): Service {
  return { name, protocol: "udp", ports: [port], severity, why };
}

export const ssh = (ports: readonly number[]): Service =>
  service(
    "SSH",
    ports,
    "medium",
    "Guessed passwords and each new hole in sshd are tried on it all day long; only administrators need it.",
  );

/** Not in here: what is meant to be public, such as 80, 443, 25, 53, and 8080, which may be anything. */
export const managementServices: readonly Service[] = [
  service("Telnet", [23], "critical", plainText),
  service("rsh, rlogin and rexec", [512, 513, 514], "critical", plainText),
  service("Docker's API", [2375], "critical", "Whoever reaches it is root on this host."),
  service("Docker's API with TLS", [2376], "high", "Whoever gets past its certificate is root on this host."),
  service("etcd", [2379, 2380], "critical", "It holds the secrets of a cluster."),
  service(
    "kubelet",
    [10_250],
    "critical",
    "Whoever may use it runs commands in every container of this host.",
  ),
  service("Redis", [6379], "critical", noPassword),
  service("MongoDB", [27_017], "critical", noPassword),
  service("Elasticsearch", [9200, 9300], "critical", noPassword),
  service("memcached", [11_211], "critical", noPassword),
  datagrams("memcached", 11_211, "critical", amplifies),
  service("Remote Desktop", [3389], "high", guessed),
  service("VNC", [5900, 5901], "high", guessed),
  service("WinRM", [5985, 5986], "high", guessed),
  service("SMB", [139, 445], "high", guessed),
  service("MySQL", [3306], "high", guessed),
  service("PostgreSQL", [5432], "high", guessed),
  service("SQL Server", [1433], "high", guessed),
  service("Oracle", [1521], "high", guessed),
  service("CouchDB", [5984], "high", noPassword),
  service("Webmin", [10_000], "high", guessed),
  service("rpcbind", [111], "medium", "It tells what runs here, and only NFS of old needs it."),
  datagrams("rpcbind", 111, "medium", amplifies),
  service("NFS", [2049], "high", "It takes the client's word for who he is."),
  datagrams("SNMP", 161, "medium", "Its passwords are well known or sent unencrypted."),
  datagrams("TFTP", 69, "medium", "It asks for no password."),
];
