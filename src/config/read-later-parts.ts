import type { SettingReader } from "./setting-reader.ts";
import { matching, parsed } from "./shapes.ts";

const SlackUrl = parsed("an https URL", (text) =>
  URL.parse(text)?.protocol === "https:" ? text : undefined,
);

/** Checks the settings of parts that are still to come, so that a mistake shows today and not on the day of the upgrade. */
export function checkLaterParts(reader: SettingReader): void {
  reader.secret("SLACK_WEBHOOK_URL", SlackUrl);
  reader.read("AWS_REGION", matching("a region like eu-central-1", /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/));
  reader.read("NACL_ID", matching("acl- and 8 to 17 hexadecimal digits", /^acl-[0-9a-f]{8,17}$/));
  reader.read(
    "LOG_GROUP_NAME",
    matching("1 to 512 of the characters A-Z a-z 0-9 . - _ / #", /^[\w./#-]{1,512}$/),
  );
}
