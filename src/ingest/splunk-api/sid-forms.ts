import { refused } from "./splunk-errors.ts";

/**
 * A run of a real-time search has its number of the snapshot behind the last dot; Splunk may keep it without. On a cluster the search
 * head's GUID follows, and stays. Source: sids in alerts and `lib/cim_actions.py` of Splunk's common information model.
 */
const realTime = /^(rt_scheduler.*)\.\d{1,9}(_[0-9A-Fa-f-]{1,64})?$/;

const allowed = /^[A-Za-z0-9_.@~:=+/-]{1,512}$/;

/**
 * The names under which Splunk may know a run, likeliest first. Each is safe in a path once it is encoded.
 * @throws {AppError} SPLUNK_UNKNOWN_SID for a text that no sid looks like
 */
export function sidForms(label: string, sid: string): readonly [string, ...string[]] {
  // Dots alone would be taken for a folder.
  if (!allowed.test(sid) || /^\.+$/.test(sid)) {
    throw refused("SPLUNK_UNKNOWN_SID", label, "was not asked for a run whose sid is none of Splunk's");
  }
  const [, start, guid = ""] = realTime.exec(sid) ?? [];
  return start === undefined ? [sid] : [sid, `${start}${guid}`];
}
