import type { MailConfig } from "./config.ts";
import type { Problems } from "./problems.ts";
import type { SettingReader } from "./setting-reader.ts";
import { Host, isLoopback, listOf, MailAddress, matching, oneOf, Password, Port } from "./shapes.ts";

const UserName = matching("one line of text", /^[^\r\n\0]{1,256}$/);

/** Where mail goes; null when SMTP_SERVER is not set. */
export function readMail(reader: SettingReader, hostname: string, problems: Problems): MailConfig | null {
  const server = reader.read("SMTP_SERVER", Host);
  const port = reader.read("SMTP_PORT", Port);
  const tls = reader.read("SMTP_TLS", oneOf(["starttls", "tls", "none"])) ?? "starttls";
  const user = reader.read("SMTP_USER", UserName) ?? null;
  const password = reader.secret("SMTP_PASSWORD", Password) ?? null;
  const from = reader.read("MAIL_FROM", MailAddress);
  const to = reader.read("ADMIN_EMAIL", listOf(MailAddress, 50)) ?? [];
  if (server === undefined) {
    return null;
  }
  checkTogether(reader, { server, tls }, problems);
  // 587 never speaks TLS from the first byte on.
  const usualPort = tls === "tls" ? 465 : 587;
  return {
    server,
    port: port ?? usualPort,
    tls,
    user,
    password,
    from: from ?? defaultFrom(hostname, to),
    to,
  };
}

function checkTogether(
  reader: SettingReader,
  { server, tls }: Pick<MailConfig, "server" | "tls">,
  problems: Problems,
): void {
  if (!reader.isSet("ADMIN_EMAIL")) {
    problems.add("ADMIN_EMAIL", "SMTP_SERVER needs it: the address that mails go to");
  }
  if (tls === "none" && !isLoopback(server)) {
    problems.add(
      "SMTP_TLS",
      "none is allowed only when SMTP_SERVER is localhost, 127.0.0.0/8 or ::1; expected starttls or tls",
    );
  }
  if (reader.isSet("SMTP_USER") !== reader.isSet("SMTP_PASSWORD")) {
    problems.add("SMTP_USER", "set both of SMTP_USER and SMTP_PASSWORD, or neither");
  }
}

/** A host name without a dot, as containers have, changes with every start and belongs to no mail domain. */
function defaultFrom(hostname: string, to: readonly string[]): string {
  const own = MailAddress.safeParse(`portcullis@${hostname.toLowerCase()}`);
  return own.success && hostname.includes(".")
    ? own.data
    : `portcullis@${(to[0] ?? "").split("@")[1] ?? "localhost"}`;
}
