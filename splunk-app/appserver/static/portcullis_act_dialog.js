/** The form in which a person confirms a block or an unblock. */
define(["../app/portcullis/portcullis_dom"], ({ element, fill, message, field }) => {
  const durations = [
    ["1h", "1 hour"],
    ["24h", "24 hours"],
    ["7d", "7 days"],
    ["30d", "30 days"],
    ["permanent", "until somebody lifts it"],
  ];

  /**
   * Opens it. `kind`: block or unblock. `send` is called with {duration, reason} when the person confirms, and only then; when it fails,
   * the form stays open and says why.
   */
  function open(kind, ip, send) {
    const isBlock = kind === "block";
    const options = durations.map(([value, text]) =>
      element("option", { value, selected: value === "24h" }, text),
    );
    const duration = element("select", { id: "pc-duration" }, options);
    const reason = element("input", { id: "pc-reason", type: "text", maxlength: "200", autocomplete: "off" });
    const outcome = element("div", { "aria-live": "polite" });
    const confirm = element("button", {
      type: "submit",
      class: `pc-button ${isBlock ? "pc-danger" : "pc-primary"}`,
    });
    const cancel = element(
      "button",
      { type: "button", class: "pc-button", onclick: () => dialog.close() },
      "Cancel",
    );
    const explanation = isBlock
      ? "Every firewall that Portcullis looks after drops its packets, unless Portcullis is in mode observe or the address is protected."
      : "The firewalls let it through again. For a grace period alerts can't block it.";
    const form = element(
      "form",
      { class: "pc-form", novalidate: true, onsubmit: onSubmit },
      element("h2", { id: "pc-dialog-title" }, `${isBlock ? "Block" : "Unblock"} ${ip}`),
      element("p", {}, explanation),
      isBlock ? field(duration, "How long", null) : null,
      field(reason, "Reason", "Goes on record with your Splunk user name."),
      outcome,
      element("div", { class: "pc-buttons" }, confirm, cancel),
    );
    const dialog = element(
      "dialog",
      { class: "pc-dialog", "aria-labelledby": "pc-dialog-title", onclose: () => dialog.remove() },
      form,
    );
    const name = () => {
      const { text } = duration.selectedOptions[0];
      const forHowLong = text.startsWith("until") ? text : `for ${text}`;
      fill(confirm, isBlock ? `Block ${ip} ${forHowLong}` : `Unblock ${ip}`);
    };
    duration.addEventListener("change", name);
    name();

    async function onSubmit(event) {
      event.preventDefault();
      if (confirm.disabled) {
        return;
      }
      if (reason.value.trim() === "") {
        reason.setAttribute("aria-invalid", "true");
        fill(
          outcome,
          message("bad", "The reason is missing.", "Say why, so that others understand it later."),
        );
        reason.focus();
        return;
      }
      confirm.disabled = true;
      fill(outcome, message("note", "One moment…"));
      try {
        await send({ duration: duration.value, reason: reason.value.trim() });
        dialog.close();
      } catch (error) {
        fill(outcome, message("bad", error.message, error.advice));
        confirm.disabled = false;
      }
    }

    // Inside the page's own root, where its styles hold.
    document.getElementById("portcullis-address").append(dialog);
    dialog.showModal();
    reason.focus();
  }

  return { open };
});
