import { apache } from "./formats/apache.ts";
import { generic } from "./formats/generic.ts";
import { nginx } from "./formats/nginx.ts";
import { postfix } from "./formats/postfix.ts";
import { sshd } from "./formats/sshd.ts";
import { vsftpd } from "./formats/vsftpd.ts";
import { windowsSecurity } from "./formats/windows-security.ts";
import type { FormatName, LogFormat } from "./log-event.ts";

/** Every format, the surest first. Windows knows its lines by what may also stand in a request, so it gives way to the web servers. */
export const formats: readonly LogFormat[] = [sshd, postfix, vsftpd, nginx, apache, windowsSecurity, generic];

export function formatOf(name: FormatName): LogFormat {
  return formats.find((format) => format.name === name) ?? generic;
}
