/** The controls of the setup page. */
define(["../app/portcullis/portcullis_dom"], ({ element, fill, field }) => {
  const controls = {
    url: input("pc-url", "text", { placeholder: "https://portcullis.example.net:8080", inputmode: "url" }),
    caFile: input("pc-ca-file", "text", { placeholder: "$SPLUNK_HOME/etc/auth/portcullis-ca.pem" }),
    allowHttp: input("pc-allow-http", "checkbox", { "aria-describedby": "pc-allow-http-help" }),
    signingSecret: input("pc-signing-secret", "password", { autocomplete: "new-password" }),
    apiToken: input("pc-api-token", "password", { autocomplete: "new-password" }),
  };
  const states = { signingSecret: stateLine(), apiToken: stateLine() };
  const save = button("submit", "pc-primary", "Save");
  const test = button("button", "", "Send test");
  const remove = button("button", "", "Remove the API token");
  const form = element(
    "form",
    { class: "pc-form", novalidate: true, autocomplete: "off" },
    section("pc-where", "Where Portcullis is", addressFields()),
    section("pc-sign", "Proof that alerts are yours", secretFields()),
    section("pc-act", "Look up and block from Splunk", tokenFields()),
    element(
      "p",
      { class: "pc-help" },
      "Splunk's allow-list of webhook URLs does not concern this alert action. It is for the stock webhook alone; nothing has to be added there.",
    ),
    element("div", { class: "pc-buttons" }, save, test),
  );

  function addressFields() {
    return [
      field(
        controls.url,
        "URL of the receiver",
        "As this search head reaches it, without /webhooks/splunk at its end.",
      ),
      field(
        controls.caFile,
        "CA file (optional)",
        "PEM file on the search head with the CA that signed the receiver's certificate. Empty: the CAs that Splunk's Python trusts.",
      ),
      element(
        "div",
        { class: "pc-field pc-check" },
        controls.allowHttp,
        element("label", { for: "pc-allow-http" }, "Allow http:// to another machine"),
        element(
          "p",
          { class: "pc-help", id: "pc-allow-http-help" },
          "Off is right: with http:// everybody on the way can read the alerts, and the API token too. To this machine itself http:// always works.",
        ),
      ),
    ];
  }

  function secretFields() {
    return [
      states.signingSecret,
      field(
        controls.signingSecret,
        "Signing secret",
        "Begins with whsec_. “portcullis secrets” prints it on the receiver. Splunk keeps it encrypted; this page never shows it again.",
      ),
      element(
        "p",
        { class: "pc-help" },
        "It is read as the owner of the alert. Where that user has not got the capability list_storage_passwords, rows are sent by Splunk itself, up to a minute later.",
      ),
    ];
  }

  function tokenFields() {
    return [
      states.apiToken,
      field(
        controls.apiToken,
        "API token (optional)",
        "For looking up, blocking and unblocking from Splunk. “portcullis token create splunk --role operator” prints one on the receiver. With --role viewer people can only look.",
      ),
      element(
        "p",
        { class: "pc-help" },
        "Who may block is decided by the Splunk capability portcullis_operate: administrators have it, and the role portcullis_operator. Each block names the Splunk user.",
      ),
      remove,
    ];
  }

  /** What stands in the form, trimmed. */
  function values() {
    const { url, caFile, allowHttp, signingSecret, apiToken } = controls;
    const text = (control) => control.value.trim();
    return {
      url: text(url),
      caFile: text(caFile),
      allowHttp: allowHttp.checked,
      signingSecret: text(signingSecret),
      apiToken: text(apiToken),
    };
  }

  function showSettings({ url, caFile, allowHttp }) {
    controls.url.value = url;
    controls.caFile.value = caFile;
    controls.allowHttp.checked = allowHttp;
  }

  function showStored({ hasSigningSecret, hasApiToken }) {
    const told = (has, what) =>
      has ? `${what} is stored. Leave the field empty to keep it.` : `${what} is not stored yet.`;
    fill(states.signingSecret, told(hasSigningSecret, "The signing secret"));
    fill(states.apiToken, told(hasApiToken, "The API token"));
    remove.hidden = !hasApiToken;
  }

  function clear(name) {
    controls[name].value = "";
  }

  /** Marks the control of this name as wrong, and all others as right. Null: none is wrong. */
  function mark(name) {
    for (const [one, control] of Object.entries(controls)) {
      control.setAttribute("aria-invalid", String(one === name));
    }
    if (name !== null) {
      controls[name].focus();
    }
  }

  function setBusy(isBusy) {
    for (const one of [save, test, remove]) {
      one.disabled = isBusy;
    }
  }

  function input(id, type, attributes) {
    return element("input", Object.assign({ id, type, spellcheck: "false" }, attributes));
  }

  function stateLine() {
    return element("p", { class: "pc-stored" });
  }

  function button(type, kind, text) {
    return element("button", { type, class: `pc-button ${kind}` }, text);
  }

  function section(id, title, parts) {
    return element("section", { "aria-labelledby": id }, element("h2", { id }, title), parts);
  }

  return { form, test, remove, values, showSettings, showStored, clear, mark, setBusy };
});
