/** The address page: `?ip=…` looks up. `&do=block` and `&do=unblock` open the form; nothing is done before somebody confirms it. */
require([
  "../app/portcullis/portcullis_dom",
  "../app/portcullis/portcullis_splunkd",
  "../app/portcullis/portcullis_address_report",
  "../app/portcullis/portcullis_act_dialog",
  "splunkjs/mvc/simplexml/ready!",
], ({ element, fill, message, field, adoptTheme }, splunkd, report, actDialog) => {
  const root = document.getElementById("portcullis-address");
  adoptTheme(root);
  const wanted = new URLSearchParams(window.location.search);
  const ip = (wanted.get("ip") || "").trim();
  const settleEveryMs = 2000;
  const mostLooks = 15;

  const address = element("input", {
    id: "pc-ip",
    type: "text",
    value: ip,
    spellcheck: "false",
    autocomplete: "off",
  });
  const asking = element(
    "form",
    { class: "pc-ask", role: "search", onsubmit: onAsk },
    field(address, "IP address", null),
    element("button", { type: "submit", class: "pc-button" }, "Look up"),
  );
  const outcome = element("div", { class: "pc-outcome", "aria-live": "polite" });
  const shown = element("div", {});
  fill(root, asking, outcome, shown);

  function onAsk(event) {
    event.preventDefault();
    window.location.search = new URLSearchParams({ ip: address.value.trim() }).toString();
  }

  async function lookUp() {
    const told = await splunkd.get("portcullis/address", { ip });
    fill(
      shown,
      element("h1", { class: "pc-address" }, told.address.ip),
      report.summary(told.address),
      buttons(told),
      report.sections(told.address),
    );
    return told;
  }

  function buttons({ address, mayOperate }) {
    if (!mayOperate) {
      return element(
        "p",
        { class: "pc-help" },
        "To block and unblock you need the Splunk capability portcullis_operate.",
      );
    }
    const block = element(
      "button",
      { type: "button", class: "pc-button", onclick: () => ask("block", address.ip) },
      "Block…",
    );
    const unblock = element(
      "button",
      { type: "button", class: "pc-button", onclick: () => ask("unblock", address.ip) },
      "Unblock…",
    );
    block.disabled = !isPossible("block", address);
    unblock.disabled = !isPossible("unblock", address);
    return element("div", { class: "pc-buttons" }, block, unblock);
  }

  function isPossible(kind, address) {
    return kind === "block"
      ? address.protected === null
      : kind === "unblock" && report.standingBlocks(address).length > 0;
  }

  function ask(kind, ip) {
    actDialog.open(kind, ip, async ({ duration, reason }) => {
      const done = kind === "block" ? await block(ip, duration, reason) : await unblock(ip, reason);
      fill(outcome, done);
      await settle();
    });
  }

  async function block(ip, duration, reason) {
    const { decision } = await splunkd.post("portcullis/address", { ip, duration, reason });
    return decision.action === "block"
      ? message("good", `Portcullis has taken the block on ${ip}.`, "Below it says how far each firewall is.")
      : message("note", `Portcullis decided: ${decision.action}.`, decision.reasons.join("; "));
  }

  async function unblock(ip, reason) {
    const { liftedCount } = await splunkd.remove("portcullis/address", { ip, reason });
    return message(
      "good",
      `${liftedCount === 1 ? "One block was" : `${liftedCount} blocks were`} lifted.`,
      "Below it says how far each firewall is.",
    );
  }

  /** Shows how the firewalls follow, until they have. */
  async function settle(looks = 0) {
    try {
      const { address } = await lookUp();
      if (report.isUnsettled(address) && looks < mostLooks) {
        setTimeout(() => settle(looks + 1), settleEveryMs);
      }
    } catch (error) {
      fill(shown, message("bad", error.message, error.advice));
    }
  }

  async function start() {
    if (ip === "") {
      fill(
        shown,
        message(
          "note",
          "Which address?",
          "Enter one above, or choose “Look up … in Portcullis” in the menu of a field such as src_ip.",
        ),
      );
      return;
    }
    fill(shown, message("note", "Asking Portcullis…"));
    try {
      const { address, mayOperate } = await lookUp();
      const kind = wanted.get("do");
      // A reload should not open the form again.
      window.history.replaceState(null, "", `?${new URLSearchParams({ ip })}`);
      if (mayOperate && isPossible(kind, address)) {
        ask(kind, address.ip);
      }
    } catch (error) {
      fill(shown, message("bad", error.message, error.advice));
    }
  }

  void start();
});
