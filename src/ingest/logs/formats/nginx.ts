import type { LineReader, LineReaderDeps, LogFormat } from "../log-event.ts";
import { isAccessLine, takeAccess } from "./access-line.ts";

/**
 * nginx: its access log. Its error log holds paths as they are decoded, so whoever asks for one with `%0a` writes whole lines of it: what it says
 * of an address proves nothing, and the access log tells the same.
 */
export const nginx: LogFormat = {
  name: "nginx",
  title: "nginx: access log (as Apache's)",
  sample: '203.0.113.9 - - [01/May/2024:12:00:00 +0000] "GET /.env HTTP/1.1" 404 153 "-" "curl/8.5.0"',
  isStream: false,
  recognises: (line) => isAccessLine(line) || errorHead.test(line),
  open: openNginx,
};

const errorHead = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[[a-z]{1,8}\] \d{1,10}#\d{1,10}: /;
const failure = /^.{0,100}?: \*\d{1,20} (?:access forbidden by rule, |user ")/;

function openNginx({ times, take }: LineReaderDeps): LineReader {
  return {
    read(line, isPart) {
      if (isPart) {
        return false;
      }
      return errorHead.test(line) ? !failure.test(line) : takeAccess(line, times, take);
    },
    end: () => undefined,
    marks: null,
  };
}
