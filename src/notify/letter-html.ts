import type { Letter, Part, Row, Section, Tone } from "./letter.ts";

/** The letter as HTML: nothing is loaded from anywhere, links lead only to http(s). */
export function letterHtml(letter: Letter): string {
  const { subject, verdict, tone, title, subtitle, lead, sections, footer } = letter;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>${stylesheet}</style>
</head>
<body class="page" style="margin:0;padding:0;${styles.page}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" class="edge" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="card" style="max-width:640px;text-align:left;${styles.card}">
<tr><td class="head ${tone}" style="padding:20px 24px 20px 18px;${styles.head};border-left:6px solid ${colors[tone]}">
<p class="${tone}-text" style="margin:0 0 6px;font-size:13px;font-weight:bold;letter-spacing:.04em;text-transform:uppercase;color:${colors[tone]}">${marks[tone]} ${escapeHtml(verdict)}</p>
<h1 style="margin:0 0 4px;font-size:22px;line-height:1.3;${wrap}">${escapeHtml(title)}</h1>
${subtitle === "" ? "" : `<p class="label" style="margin:0 0 10px;${wrap};${styles.label}">${escapeHtml(subtitle)}</p>`}
<p style="margin:0;${wrap}">${escapeHtml(lead)}</p>
</td></tr>
${sections.map(sectionHtml).join("\n")}
<tr><td class="foot" style="padding:16px 24px 20px;font-size:12px;${wrap};${styles.foot}">${escapeHtml(footer)}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function sectionHtml({ heading, parts }: Section): string {
  return `<tr><td class="section" style="padding:18px 24px;${styles.section}">
<h2 style="margin:0 0 10px;font-size:16px;line-height:1.3">${escapeHtml(heading)}</h2>
${parts.map(partHtml).join("\n")}
</td></tr>`;
}

function partHtml(part: Part): string {
  if (part.kind === "rows") {
    return `<table width="100%" cellpadding="0" cellspacing="0" class="rows">${part.rows.map(rowHtml).join("\n")}</table>`;
  }
  if (part.kind === "list") {
    const items = part.items.map((item) => `<li style="margin:0 0 4px;${wrap}">${escapeHtml(item)}</li>`);
    return `<ul style="margin:0 0 10px;padding-left:20px">${items.join("\n")}</ul>`;
  }
  const text = escapeHtml(part.text);
  return part.kind === "paragraph"
    ? `<p style="margin:0 0 10px;${wrap}">${text}</p>`
    : `<p style="margin:0 0 10px"><code class="command" style="display:inline-block;padding:8px 12px;${wrap};${styles.command}">${text}</code></p>`;
}

function rowHtml({ label, value, details, link, tone }: Row): string {
  const mark =
    tone === null
      ? ""
      : `<strong class="${tone}-text" style="color:${colors[tone]}">${marks[tone]}</strong> `;
  const lines = [value, ...details].filter((line) => line !== "").map(escapeHtml);
  const told = [...lines, ...(link === null ? [] : [linkHtml(link)])].join("<br>");
  return `<tr><th scope="row" align="left" valign="top" class="label cell" style="width:120px;padding:4px 12px 4px 0;font-weight:normal;${wrap};${styles.label}">${escapeHtml(label)}</th><td valign="top" class="cell value" style="padding:4px 0;${wrap}">${mark}${told}</td></tr>`;
}

function linkHtml(link: string): string {
  return `<a href="${escapeHtml(link)}" class="link" style="${wrap};color:#0b5cad">${escapeHtml(link)}</a>`;
}

/** Long words without a break must not widen a phone's screen. */
const wrap = "overflow-wrap:anywhere";

/** On white, and for a dark background; each at least 4.5 : 1. */
const colors: Readonly<Record<Tone, string>> = { good: "#1a7f37", bad: "#b42318", waiting: "#8a5a00" };
const darkColors: Readonly<Record<Tone, string>> = { good: "#57d27a", bad: "#ff8a80", waiting: "#f0b84a" };

const marks: Readonly<Record<Tone, string>> = { good: "&#10003;", bad: "&#10007;", waiting: "&#8226;" };

const styles = {
  page: "background:#f3f4f6;color:#1f2328;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif",
  card: "background:#ffffff;border:1px solid #d8dce1;border-radius:8px;border-collapse:separate;overflow:hidden",
  head: "background:#ffffff",
  section: "border-top:1px solid #e4e7eb",
  foot: "border-top:1px solid #e4e7eb;color:#59636e",
  label: "color:#59636e",
  command:
    "background:#f3f4f6;border:1px solid #d8dce1;border-radius:6px;font:14px/1.4 ui-monospace,Menlo,Consolas,monospace",
};

const toneRules = (["good", "bad", "waiting"] as const)
  .map(
    (tone) =>
      `.${tone}-text{color:${darkColors[tone]}!important}.${tone}{border-left-color:${darkColors[tone]}!important}`,
  )
  .join("");

const stylesheet = `
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (max-width:480px){
.edge{padding:0!important}
.card{border-radius:0!important;border-left:0!important;border-right:0!important}
.head,.section,.foot{padding-left:16px!important;padding-right:16px!important}
.head{padding-left:10px!important}
.cell{display:block!important;width:auto!important;padding:6px 0 0!important}
.value{padding:0 0 6px!important}
}
@media (prefers-color-scheme:dark){
.page{background:#0f1318!important;color:#e6e9ed!important}
.card,.head{background:#171c23!important}
.card,.section,.foot,.command{border-color:#323a45!important}
.label,.foot{color:#a3adb8!important}
.command{background:#0f1318!important}
.link{color:#7db8ff!important}
${toneRules}
}
`;
