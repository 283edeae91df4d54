import {
  type Assemble,
  type AssembleDeps,
  type FailedLogOn,
  readWindowsTime,
  userOf,
} from "./failed-log-on.ts";
import type { LogTimes } from "../../log-event.ts";

const mostKept = 256 * 1024;
const endTag = "</Event>";
const failedLogOn = /<EventID(?:\s[^>]{0,100})?>\s{0,20}4625\s{0,20}<\/EventID>/;
const data = /<Data Name=(?:'(\w{1,64})'|"(\w{1,64})")>([^<]{0,4096})<\/Data>/g;
const created = /<TimeCreated SystemTime=['"]([^'"]{10,40})['"]/;

/** Events in XML: `wevtutil /f:xml`, the event viewer, Splunk's `renderXml`; one or many on a line, or one on many lines. */
export function createXmlAssembler({ times, found, unclear }: AssembleDeps): Assemble {
  let text = "";
  let searched = 0;
  return {
    add(line, isPart) {
      text += isPart ? line : `${line}\n`;
      for (;;) {
        const end = text.indexOf(endTag, Math.max(0, searched - endTag.length));
        if (end === -1) {
          break;
        }
        const event = text.slice(0, end);
        text = text.slice(end + endTag.length);
        searched = 0;
        if (failedLogOn.test(event)) {
          found(readEvent(event, times));
        }
      }
      searched = text.length;
      if (text.length > mostKept) {
        if (failedLogOn.test(text)) {
          unclear();
        }
        text = "";
        searched = 0;
      }
    },
    end: () => undefined,
  };
}

/** In XML no text can pass for a tag, so the first of a name is the system's. */
function readEvent(event: string, times: LogTimes): FailedLogOn {
  const start = event.lastIndexOf("<Event ");
  const whole = event.slice(Math.max(0, start));
  const fields = new Map<string, string>();
  for (const [, single, double, value = ""] of whole.matchAll(data)) {
    const name = single ?? double ?? "";
    if (!fields.has(name)) {
      fields.set(name, plain(value));
    }
  }
  return {
    address: (fields.get("IpAddress") ?? "-").trim(),
    user: userOf(fields.get("TargetUserName")),
    atMs: readWindowsTime(created.exec(whole)?.[1] ?? "", times),
  };
}

const entities: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["amp", "&"],
]);

function plain(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities.get(name) ?? "");
}
