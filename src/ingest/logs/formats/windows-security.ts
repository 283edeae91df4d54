import { parseIpAddress } from "../../../domain/ip-address.ts";
import type { LineReader, LineReaderDeps, LogFormat } from "../log-event.ts";
import type { Assemble, FailedLogOn } from "./windows/failed-log-on.ts";
import { createJsonAssembler } from "./windows/json-events.ts";
import { createTextAssembler } from "./windows/text-events.ts";
import { createXmlAssembler } from "./windows/xml-events.ts";

/** Event 4625 of the Windows security log, as text, XML or JSON. */
export const windowsSecurity: LogFormat = {
  name: "windows-security",
  title: "windows-security: event 4625 as text, XML or JSON (English texts)",
  sample:
    '{"EventID":4625,"TimeCreated":"2024-05-01T12:00:00Z","TargetUserName":"admin","IpAddress":"203.0.113.9"}',
  isStream: true,
  recognises: (line) =>
    /^\ufeff?\s{0,20}<(?:Event|Events)[\s>]/.test(line) ||
    line.includes("Microsoft-Windows-Security-Auditing") ||
    /^An account (?:failed to log|was successfully logged) on\./.test(line) ||
    /\b(?:EventCode=|[Ee]vent_?(?:ID|Id|id|Code)"?\s?:\s?\{?"?)4\d{3}\b/.test(line),
  open: openWindows,
};

function openWindows({ times, take }: LineReaderDeps): LineReader {
  let isClear = true;
  const found = ({ address, user, atMs }: FailedLogOn): void => {
    // A log-on at the machine itself has none.
    if (address === "-" || address === "") {
      return;
    }
    const ip = parseIpAddress(address.replace(/%\d{1,10}$/, ""));
    if (ip === undefined) {
      isClear = false;
      return;
    }
    take({ ip, atMs: atMs ?? times.undated(), kind: "failed-login", count: 1, user, detail: null });
  };
  const unclear = (): void => {
    isClear = false;
  };
  let assemble: Assemble | undefined;
  return {
    read(line, isPart) {
      isClear = true;
      assemble ??= assemblerFor(line, { times, found, unclear });
      assemble?.add(line, isPart);
      return isClear;
    },
    end() {
      assemble?.end();
    },
    marks: null,
  };
}

/** By the first line that is not empty. */
function assemblerFor(line: string, deps: Parameters<typeof createXmlAssembler>[0]): Assemble | undefined {
  const start = line.slice(0, 200).trimStart();
  if (start === "") {
    return undefined;
  }
  if (start.startsWith("<")) {
    return createXmlAssembler(deps);
  }
  return /^[{[]/.test(start) ? createJsonAssembler(deps) : createTextAssembler(deps);
}
