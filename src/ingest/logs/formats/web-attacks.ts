/** What an attack is called, and how it looks in a request that was decoded and made lower-case. */
const attacks: readonly (readonly [detail: string, form: RegExp])[] = [
  ["log4shell", /\$\{(?:jndi:|(?:lower|upper|env|sys|date|base64|::-|:-)[^}]{0,40}\})/],
  ["shellshock", /\(\) ?\{ ?:? ?;? ?\};?/],
  [
    "path traversal",
    /(?:^|[/\\=])\.\.[/\\]|\/etc\/(?:passwd|shadow)\b|\/proc\/self\/|\bwin\.ini\b|\bboot\.ini\b/,
  ],
  [
    "sql injection",
    /\bunion(?: all)? select\b|\binformation_schema\b|'\s?(?:or|and)\s'?\d{1,9}'?\s?=|\b(?:sleep|benchmark|pg_sleep|waitfor delay)\s?\(|;\s?drop table\b/,
  ],
  ["script injection", /<script\b|\bjavascript:|\bonerror\s?=/],
  [
    "command injection",
    /[;|`&]\s?(?:wget|curl|nc|bash|sh|powershell|cmd(?:\.exe)?|whoami|cat)\b[ +/$\\-]|\$\((?:wget|curl|id|whoami)\b|\/bin\/(?:ba)?sh\b|\bcmd\.exe\b/,
  ],
  [
    "php injection",
    /\bphp:\/\/(?:input|filter)|\ballow_url_include\b|\beval-stdin\.php\b|\binvokefunction\b/,
  ],
];

/** Nobody asks a site for these but to find what should not be there. */
const neverAsked =
  /^\/(?:.{0,80}\/)?(?:\.env(?:\.[\w.-]{1,20})?|\.git\/(?:config|head|index)|\.svn\/entries|\.aws\/credentials|\.ssh\/id_[a-z0-9]{2,10}|\.ds_store|\.htpasswd|wp-config\.php(?:\.\w{1,6}|~)|id_rsa)$/;

/** Usual on some sites: an attack where they do not exist. */
const elsewhere =
  /^\/(?:.{0,80}\/)?(?:wp-login\.php|xmlrpc\.php|wp-admin\/.{0,80}|phpmyadmin(?:\/.{0,80})?|pma\/.{0,80}|administrator\/.{0,80}|cgi-bin\/.{1,120}|boaform\/.{0,80}|hnap1\/?|actuator\/(?:env|heapdump|gateway.{0,60})|solr\/admin.{0,80}|manager\/html|owa\/.{0,80}|_ignition\/.{0,60}|vendor\/phpunit.{0,120}|server-status|telescope\/requests)$/;

const mostDecoded = 4096;

/**
 * What kind of attack a request is; null: none that is known. Takes time in proportion to its length.
 * @param target path and query as they came, perhaps percent-encoded twice
 * @param texts header fields that were logged: they are read for attacks too
 */
export function webAttackOf(target: string, texts: readonly string[], status: number): string | null {
  const plain = decoded(target);
  const all = [plain, ...texts.map(decoded)];
  const found = attacks.find(([, form]) => all.some((text) => form.test(text)));
  if (found !== undefined) {
    return found[0];
  }
  const path = plain.split("?", 1)[0] ?? "";
  const isScan = neverAsked.test(path) || (status >= 400 && status <= 499 && elsewhere.test(path));
  return isScan ? "scan" : null;
}

function decoded(text: string): string {
  const start = text.slice(0, mostDecoded);
  const once = start.includes("%") ? decodeOnce(start) : start;
  const twice = once.includes("%") ? decodeOnce(once) : once;
  return twice.replaceAll("+", " ").toLowerCase();
}

/** Byte by byte, because attacks come in encodings that are no UTF-8, such as `%c0%ae` for a dot. */
function decodeOnce(text: string): string {
  return text
    .replaceAll(/%c0%ae/gi, ".")
    .replaceAll(/%c0%af/gi, "/")
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
