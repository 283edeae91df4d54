/** The setup page: where Portcullis is, what signs, what may block, and a test of all of it. */
require([
  "../app/portcullis/portcullis_dom",
  "../app/portcullis/portcullis_splunkd",
  "../app/portcullis/portcullis_settings",
  "../app/portcullis/portcullis_setup_form",
  "../app/portcullis/portcullis_setup_faults",
  "splunkjs/mvc/simplexml/ready!",
], ({ element, fill, message, adoptTheme }, splunkd, settings, page, { firstFault }) => {
  const root = document.getElementById("portcullis-setup");
  const outcome = element("div", { class: "pc-outcome", "aria-live": "polite", tabindex: "-1" });
  let stored = null;

  page.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fault = firstFault(page.values(), stored.hasSigningSecret);
    page.mark(fault === null ? null : fault.name);
    if (fault === null) {
      void act(save);
    } else {
      fill(outcome, message("bad", fault.title, fault.advice));
    }
  });
  page.test.addEventListener("click", () => act(test));
  page.remove.addEventListener("click", () => act(removeToken));

  /** One thing at a time; what came of it takes the focus, so that it is seen and read out. */
  async function act(work) {
    page.setBusy(true);
    fill(outcome, message("note", "One moment…"));
    try {
      fill(outcome, await work());
    } catch (error) {
      fill(outcome, message("bad", error.message, error.advice));
    }
    page.setBusy(false);
    outcome.focus();
  }

  async function save() {
    const values = page.values();
    await step("The receiver's address was not saved", () => settings.saveAddress(values));
    await step("The signing secret was not saved", () =>
      saveSecret("signingSecret", "signing_secret", stored.hasSigningSecret),
    );
    await step("The API token was not saved", () => saveSecret("apiToken", "api_token", stored.hasApiToken));
    await step("All is saved, but Splunk could not note that the app is set up", settings.markConfigured);
    await show();
    return message("good", "Saved.", "Now send a test.");
  }

  /** @throws what went wrong, with what it means before it */
  async function step(meaning, work) {
    try {
      await work();
    } catch (error) {
      stored = await settings.read().catch(() => stored);
      page.showStored(stored);
      error.message = `${meaning}. ${error.message}`;
      throw error;
    }
  }

  async function saveSecret(field, name, isStored) {
    const secret = page.values()[field];
    if (secret !== "") {
      await settings.saveSecret(name, isStored, secret);
      page.clear(field);
    }
  }

  async function removeToken() {
    await settings.removeSecret("api_token");
    stored = await settings.read();
    page.showStored(stored);
    return message(
      "good",
      "The API token is removed from Splunk.",
      "Revoke it on the receiver too: portcullis token list, portcullis token revoke ID.",
    );
  }

  async function test() {
    if (isChanged()) {
      return message(
        "bad",
        "Save first.",
        "The test uses what is saved, and something here has been changed.",
      );
    }
    const { alertId, milliseconds, url } = await splunkd.post("portcullis/test", {});
    return message(
      "good",
      "Portcullis accepted the test.",
      `Alert ${alertId}, after ${milliseconds} ms, at ${url}.`,
      `It names the loopback address, which is never blocked. On the receiver: portcullis alerts show ${alertId}`,
    );
  }

  function isChanged() {
    const { url, caFile, allowHttp, signingSecret, apiToken } = page.values();
    const isSaved = url === stored.url && caFile === stored.caFile && allowHttp === stored.allowHttp;
    return !isSaved || signingSecret !== "" || apiToken !== "";
  }

  async function show() {
    stored = await settings.read();
    page.showSettings(stored);
    page.showStored(stored);
  }

  async function start() {
    adoptTheme(root);
    try {
      await show();
      fill(root, page.form, outcome);
    } catch (error) {
      const who =
        "This page needs a role that may change settings and list stored passwords, such as admin or sc_admin.";
      fill(root, message("bad", error.message, error.advice, who));
    }
  }

  void start();
});
