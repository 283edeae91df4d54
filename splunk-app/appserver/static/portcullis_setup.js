/** The setup page: where Portcullis is, what signs, what may block, and a test of all of it. */
require([
  "../app/portcullis/portcullis_dom",
  "../app/portcullis/portcullis_splunkd",
  "../app/portcullis/portcullis_settings",
  "splunkjs/mvc/simplexml/ready!",
], ({ element, fill, message, field, adoptTheme }, splunkd, settings) => {
  const root = document.getElementById("portcullis-setup");
  adoptTheme(root);
  const outcome = element("div", { class: "pc-outcome", "aria-live": "polite" });
  let stored = null;

  const input = (id, attributes) => element("input", { id, type: "text", spellcheck: "false", ...attributes });
  const url = input("pc-url", { placeholder: "https://portcullis.example.net:8080", inputmode: "url" });
  const caFile = input("pc-ca-file", { placeholder: "$SPLUNK_HOME/etc/auth/portcullis-ca.pem" });
  const allowHttp = element("input", { id: "pc-allow-http", type: "checkbox", "aria-describedby": "pc-allow-http-help" });
  const secret = input("pc-signing-secret", { type: "password", autocomplete: "new-password" });
  const token = input("pc-api-token", { type: "password", autocomplete: "new-password" });
  const secretState = element("p", { class: "pc-stored" });
  const tokenState = element("p", { class: "pc-stored" });
  const saveButton = element("button", { type: "submit", class: "pc-button pc-primary" }, "Save");
  const testButton = element("button", { type: "button", class: "pc-button", onclick: () => act(test) }, "Send test");
  const removeButton = element("button", { type: "button", class: "pc-button pc-small", onclick: () => act(removeToken) }, "Remove the API token");
  const form = element("form", { class: "pc-form", novalidate: true, onsubmit: onSubmit, autocomplete: "off" }, parts());

  function parts() {
    return [
      element("section", { "aria-labelledby": "pc-where" }, element("h2", { id: "pc-where" }, "Where Portcullis is"), [
        field(url, "URL of the receiver", "As this search head reaches it, without /webhooks/… at its end."),
        field(caFile, "CA file (optional)", "PEM file on the search head with the CA that signed the receiver's certificate. Empty: the CAs that Splunk's Python trusts."),
        element("div", { class: "pc-field pc-check" }, allowHttp, element("label", { for: "pc-allow-http" }, "Allow http:// to another machine"),
          element("p", { class: "pc-help", id: "pc-allow-http-help" }, "Off is right. With it, alerts, and the API token too, travel so that everybody on the way can read them. To this machine itself http:// always works.")),
      ]),
      element("section", { "aria-labelledby": "pc-sign" }, element("h2", { id: "pc-sign" }, "Signing secret"), [
        secretState,
        field(secret, "Signing secret", "Begins with whsec_. “portcullis secrets” prints it on the receiver. Splunk keeps it encrypted; this page never shows it again."),
        element("p", { class: "pc-help" }, "It is read as the owner of the alert. Let a user with the capability list_storage_passwords own your alerts, or grant it to their owners."),
      ]),
      element("section", { "aria-labelledby": "pc-act" }, element("h2", { id: "pc-act" }, "API token (optional)"), [
        tokenState,
        field(token, "API token", "For looking up, blocking and unblocking from Splunk. “portcullis token create splunk --role operator” prints one on the receiver. With --role viewer people can only look."),
        element("p", { class: "pc-help" }, "Who may block is decided by the Splunk capability portcullis_operate: administrators have it, and the role portcullis_operator. Each block names the Splunk user."),
        removeButton,
      ]),
      element("p", { class: "pc-note" }, "Splunk's allow-list of webhook URLs does not concern this alert action. It is for the stock webhook alone; nothing has to be added there."),
      element("div", { class: "pc-buttons" }, saveButton, testButton),
    ];
  }

  /** One thing at a time; what came of it takes the focus, so that it is read out and seen. */
  async function act(work) {
    const buttons = [saveButton, testButton, removeButton];
    buttons.forEach((button) => (button.disabled = true));
    fill(outcome, message("note", "One moment…"));
    try {
      fill(outcome, await work());
    } catch (error) {
      fill(outcome, message("bad", error.message, error.advice));
    }
    buttons.forEach((button) => (button.disabled = false));
    outcome.setAttribute("tabindex", "-1");
    outcome.focus();
  }

  function onSubmit(event) {
    event.preventDefault();
    const fault = firstFault();
    for (const one of [url, caFile, secret, token]) {
      one.setAttribute("aria-invalid", String(fault !== null && fault.control === one));
    }
    if (fault !== null) {
      fill(outcome, message("bad", fault.title, fault.advice));
      fault.control.focus();
      return;
    }
    act(save);
  }

  function firstFault() {
    const urlFault = faultOfUrl(url.value.trim());
    if (urlFault !== null) {
      return { control: url, title: "The URL can't be used.", advice: urlFault };
    }
    if (caFile.value.trim() !== "" && !/^(\/|\$SPLUNK_HOME|[A-Za-z]:[\\/])/.test(caFile.value.trim())) {
      return { control: caFile, title: "The CA file can't be used.", advice: "Give its whole path, or begin it with $SPLUNK_HOME." };
    }
    const given = secret.value.trim();
    if (given === "" && !stored.hasSigningSecret) {
      return { control: secret, title: "The signing secret is missing.", advice: "Without it the receiver refuses every alert." };
    }
    if (given !== "" && !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(given)) {
      return { control: secret, title: "This is not a signing secret.", advice: "It begins with whsec_, and letters, digits, + and / follow. Take one only, also when the receiver has two during rotation." };
    }
    return /\s/.test(token.value.trim())
      ? { control: token, title: "This is not an API token.", advice: "It holds blanks." }
      : null;
  }

  function faultOfUrl(text) {
    let parsed = null;
    try {
      parsed = new URL(text);
    } catch (_) {
      return "It must look like https://portcullis.example.net:8080.";
    }
    if (!/^https?:\/\//i.test(text)) {
      return "It must begin with https://.";
    }
    if (parsed.username !== "" || parsed.password !== "" || /[@?#\s]/.test(text)) {
      return "It must be without user, password, blanks, ? and #.";
    }
    const isHere = parsed.hostname === "localhost" || parsed.hostname === "[::1]" || /^127(\.\d+){3}$/.test(parsed.hostname);
    return parsed.protocol === "http:" && !isHere && !allowHttp.checked
      ? "http:// sends alerts unencrypted. Use https://, or allow http:// below if you know that nobody listens."
      : null;
  }

  async function save() {
    await settings.saveAddress({ url: url.value.trim(), caFile: caFile.value.trim(), allowHttp: allowHttp.checked });
    await saveSecret("signing_secret", stored.hasSigningSecret, secret);
    await saveSecret("api_token", stored.hasApiToken, token);
    await settings.markConfigured();
    await show();
    return message("good", "Saved.", "Now send a test.");
  }

  async function saveSecret(name, isStored, control) {
    if (control.value.trim() !== "") {
      await settings.saveSecret(name, isStored, control.value.trim());
      control.value = "";
    }
  }

  async function removeToken() {
    await settings.removeSecret("api_token");
    await show();
    return message("good", "The API token is removed from Splunk.", "Revoke it on the receiver too: portcullis token list, portcullis token revoke ID.");
  }

  async function test() {
    if (isChanged()) {
      return message("bad", "Save first.", "The test uses what is saved, and something here has been changed.");
    }
    const taken = await splunkd.post("portcullis/test", {});
    return message(
      "good",
      "Portcullis accepted the test.",
      `Alert ${taken.alertId}, after ${taken.milliseconds} ms, at ${taken.url}.`,
      `It names ${taken.addresses === 1 ? "one address" : `${taken.addresses} addresses`}, the loopback address, which is never blocked. On the receiver: portcullis alerts show ${taken.alertId}`,
    );
  }

  function isChanged() {
    return (
      url.value.trim() !== stored.url ||
      caFile.value.trim() !== stored.caFile ||
      allowHttp.checked !== stored.allowHttp ||
      secret.value.trim() !== "" ||
      token.value.trim() !== ""
    );
  }

  async function show() {
    stored = await settings.read();
    url.value = stored.url;
    caFile.value = stored.caFile;
    allowHttp.checked = stored.allowHttp;
    fill(secretState, stored.hasSigningSecret ? "A signing secret is stored. Leave the field empty to keep it." : "No signing secret is stored yet.");
    fill(tokenState, stored.hasApiToken ? "An API token is stored. Leave the field empty to keep it." : "No API token is stored.");
    removeButton.hidden = !stored.hasApiToken;
  }

  show().then(
    () => fill(root, form, outcome),
    (error) => fill(root, message("bad", error.message, error.advice, "This page needs a role that may change settings and list stored passwords, such as admin or sc_admin.")),
  );
});
