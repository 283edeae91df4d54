import type { Problems } from "./problems.ts";
import { readCertificate } from "./read-tls.ts";
import type { SettingReader } from "./setting-reader.ts";
import { matching, parsed, Password, Port } from "./shapes.ts";

const SlackUrl = parsed("an https URL", (text) =>
  URL.parse(text)?.protocol === "https:" ? text : undefined,
);

/** Checks the settings of parts that are still to come, so that a mistake shows today and not on the day of the upgrade. */
export function checkLaterParts(reader: SettingReader, problems: Problems): void {
  reader.read("SPLUNK_PORT", Port);
  reader.secret("SPLUNK_TOKEN", SplunkToken);
  reader.read("SPLUNK_USER", matching("one line of text", /^[^\r\n\0]{1,256}$/));
  reader.secret("SPLUNK_PASSWORD", Password);
  readCertificate("SPLUNK_CA_FILE", reader.file("SPLUNK_CA_FILE"), problems);
  reader.read(
    "SPLUNK_CERT_SHA256",
    matching("64 hexadecimal digits, with or without colons", /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i),
  );
  reader.secret("SLACK_WEBHOOK_URL", SlackUrl);
  reader.read("AWS_REGION", matching("a region like eu-central-1", /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/));
  reader.read("NACL_ID", matching("acl- and 8 to 17 hexadecimal digits", /^acl-[0-9a-f]{8,17}$/));
  reader.read(
    "LOG_GROUP_NAME",
    matching("1 to 512 of the characters A-Z a-z 0-9 . - _ / #", /^[\w./#-]{1,512}$/),
  );
  if (reader.isSet("SPLUNK_USER") !== reader.isSet("SPLUNK_PASSWORD")) {
    problems.add("SPLUNK_USER", "set both of SPLUNK_USER and SPLUNK_PASSWORD, or neither");
  }
}

/** Splunk's tokens are JSON web tokens, longer than other keys. */
const SplunkToken = matching("a token of printable characters without spaces", /^[\x21-\x7e]{1,8192}$/);
