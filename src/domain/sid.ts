const dispatched = /(?:^|_at_)(\d{10})[._](\d{1,9})/;

/**
 * Second and counter of the search, 12 hex digits, or nothing when the sid does not tell them. Ids that begin with it lie together in the
 * database's index: without that, each alert of a commit would change another page of it, and the alerts of one sid could not be found by it.
 * Source: forms of a sid, `scheduler__…_at_<epoch>_<n>`, `rt_scheduler__…_at_<epoch>_<n>.<m>`, `<epoch>.<n>`.
 */
export function searchTimeOf(sid: string): string {
  const [, second, counter] = dispatched.exec(sid) ?? [];
  if (second === undefined || counter === undefined) {
    return "";
  }
  return (
    Number(second).toString(16).padStart(9, "0").slice(1) +
    (Number(counter) % 0x1_0000).toString(16).padStart(4, "0")
  );
}

/**
 * True for what Splunk may have made. Parts of it may be base64, user names and names of apps. It becomes part of a path: two dots are never in it.
 * Nothing else is asked about, nor kept as a key: PostgreSQL's index takes no more than 2,704 bytes.
 */
export function isSid(text: string): boolean {
  return /^[\w.@~:=+/-]{1,1024}$/.test(text) && !text.includes("..");
}
