/** Draws what Portcullis knows about an address (the answer of its `GET /api/v1/addresses/{ip}`). */
define(["../app/portcullis/portcullis_dom"], ({ element }) => {
  const verdicts = {
    block: "An alert about it would block it",
    hold: "An alert about it would ask a person",
    watch: "An alert about it would be watched only",
    ignore: "An alert about it would be left alone",
  };

  /** `2026-11-20 13:00:05 UTC`; what `none` says for null. */
  function time(iso, none = "–") {
    return typeof iso === "string" ? `${iso.slice(0, 19).replace("T", " ")} UTC` : none;
  }

  function standingBlocks({ blocks }) {
    return blocks.filter(({ state }) => state === "standing");
  }

  /** True while a firewall has still to do something. */
  function isUnsettled({ blocks }) {
    const moving = ["requested", "applied", "lifting"];
    return blocks.some(({ enforcements }) => enforcements.some(({ state }) => moving.includes(state)));
  }

  /** The state in a sentence, and what would be decided now. */
  function summary(address) {
    const { now } = address;
    const { kind, text } = stateOf(address);
    const why = now.reasons.join("; ");
    return element(
      "div",
      { class: `pc-summary pc-${kind}` },
      element("p", { class: "pc-verdict" }, text),
      element("p", {}, `${verdicts[now.action] || now.action}${why === "" ? "" : `: ${why}`}.`),
    );
  }

  function stateOf(address) {
    const standing = standingBlocks(address);
    const enforced = standing.find(({ mode }) => mode === "enforce");
    if (enforced !== undefined) {
      const on = enforced.enforcements;
      const verified = on.filter(({ state }) => state === "verified").length;
      const until = time(enforced.expiresAt, "somebody lifts it");
      const where =
        on.length === 0
          ? "no firewall is configured for it"
          : `verified on ${verified} of ${on.length} firewalls`;
      return { kind: verified > 0 ? "blocked" : "note", text: `Blocked until ${until}, ${where}.` };
    }
    if (standing.length > 0) {
      return {
        kind: "note",
        text: `Would be blocked until ${time(standing[0].expiresAt, "somebody lifts it")}; mode observe blocks nobody.`,
      };
    }
    if (address.protected !== null) {
      return { kind: "good", text: `Not blocked, and it may never be: ${address.protected}.` };
    }
    return { kind: "good", text: "Not blocked." };
  }

  /** All sections. */
  function sections(address) {
    return [
      section("Story", address.story, (story) =>
        element(
          "ul",
          { class: "pc-story" },
          story.map((line) => element("li", {}, line)),
        ),
      ),
      section("Blocks", address.blocks, (blocks) =>
        table(["Network", "State", "From", "Until", "Firewalls", "Lifted by"], blocks.map(blockRow)),
      ),
      section("Findings", address.findings, (findings) =>
        table(["Provider", "Says", "Details", "Found", "Good until"], findings.map(findingRow)),
      ),
      section("Decisions", address.decisions, (decisions) =>
        table(["When", "Decision", "Reasons", "Rule", "By", "Search"], decisions.map(decisionRow)),
      ),
      section("Sightings", address.sightings, (sightings) =>
        table(
          ["When", "Search", "Events", "Severity", "Fields", "Note", "Decision", "Alert"],
          sightings.map(sightingRow),
        ),
      ),
      section("Let out", address.graces, (graces) =>
        table(
          ["Network", "Alerts can't block it until", "By", "Reason"],
          graces.map((one) => [one.prefix, time(one.until), one.actor, one.reason]),
        ),
      ),
      section("Allow-list", address.allowlist, (entries) =>
        table(
          ["Network", "Reason", "By", "Until"],
          entries.map((one) => [one.prefix, one.reason, one.actor, time(one.expiresAt, "removed")]),
        ),
      ),
    ];
  }

  function section(title, list, draw) {
    return list.length === 0
      ? null
      : element("section", { class: "pc-section" }, element("h2", {}, title), draw(list));
  }

  /** On a narrow screen each row becomes a card, so every cell knows its heading. */
  function table(headings, rows) {
    const head = element(
      "tr",
      {},
      headings.map((heading) => element("th", { scope: "col" }, heading)),
    );
    const body = rows.map((cells) =>
      element(
        "tr",
        {},
        cells.map((cell, index) =>
          element("td", { "data-heading": headings[index] }, element("div", {}, cell)),
        ),
      ),
    );
    return element("table", { class: "pc-table" }, element("thead", {}, head), element("tbody", {}, body));
  }

  function blockRow(block) {
    const { prefix, mode, state, createdAt, expiresAt, enforcements, lifted } = block;
    const firewalls = enforcements.map(({ firewall, state, error, packets }) =>
      element(
        "div",
        {},
        `${firewall}: ${state}${packets > 0 ? `, ${packets} packets dropped` : ""}${error === null ? "" : ` (${error})`}`,
      ),
    );
    return [
      prefix,
      mode === "observe" ? `${state} (observe)` : state,
      time(createdAt),
      time(expiresAt, "somebody lifts it"),
      firewalls.length === 0 ? "none" : firewalls,
      lifted === null ? "–" : `${lifted.actor}: ${lifted.reason}`,
    ];
  }

  function findingRow({ provider, status, reason, stale, foundAt, expiresAt, evidence }) {
    const says = status === "known" ? numbersOf(evidence) : `${status}: ${reason || ""}`;
    return [
      provider,
      stale ? `${says} (no longer fresh)` : says,
      evidence === null ? "–" : detailsOf(evidence),
      time(foundAt),
      time(expiresAt),
    ];
  }

  function numbersOf({ numbers }) {
    return Object.entries(numbers)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  }

  function detailsOf({ facts, hints, asn, link }) {
    const lines = [
      ...facts.map(([name, value]) => `${name}: ${value}`),
      ...(asn === null ? [] : [`AS${asn}`]),
      ...(hints.length === 0 ? [] : [`Speaks against a block: ${hints.join(", ")}`]),
    ];
    return [...lines.map((line) => element("div", {}, line)), linkTo(link)];
  }

  /** Only to the web: another scheme could run something. */
  function linkTo(text) {
    return /^https:\/\/[^\s]+$/i.test(text)
      ? element("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, "Report")
      : null;
  }

  function decisionRow({ decidedAt, action, holdCause, mode, reasons, rule, actor, inputs }) {
    const what = holdCause === null ? action : `${action} (${holdCause})`;
    return [
      time(decidedAt),
      `${what}, ${mode}`,
      reasons.join("; "),
      rule || "–",
      actor,
      inputs.searchName || "–",
    ];
  }

  function sightingRow({ seenAt, searchName, count, severity, fields, note, decision, error, alertId }) {
    const became = decision === null ? `waits${error === null ? "" : `: ${error}`}` : decision.action;
    return [
      time(seenAt),
      searchName || "–",
      String(count),
      severity || "–",
      fields.join(", "),
      note || "–",
      became,
      alertId,
    ];
  }

  return { summary, sections, standingBlocks, isUnsettled };
});
