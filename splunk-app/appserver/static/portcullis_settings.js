/** The app's settings in Splunk: the alert action's stanza, the stored secrets, and whether the app counts as set up. */
define(["../app/portcullis/portcullis_splunkd"], (splunkd) => {
  const stanza = "configs/conf-alert_actions/portcullis_block";
  const passwords = "storage/passwords";
  const app = "apps/local/portcullis";
  const realm = "portcullis";

  /** @returns url, caFile, allowHttp, and which secrets are stored. The secrets themselves are never asked for. */
  async function read() {
    const [conf, stored] = await Promise.all([
      splunkd.get(stanza, {}),
      // Without `f` Splunk would send the secrets in clear.
      splunkd.get(passwords, { count: 0, search: `realm=${realm}`, f: ["realm", "username"] }),
    ]);
    const content = contentOf((conf.entry || [])[0]);
    const names = (stored.entry || []).map(contentOf).filter((one) => one.realm === realm);
    const has = (name) => names.some((one) => one.username === name);
    return {
      url: String(content["param.url"] || ""),
      caFile: String(content["param.ca_file"] || ""),
      allowHttp: /^(1|true|yes)$/i.test(String(content["param.allow_http"])),
      hasSigningSecret: has("signing_secret"),
      hasApiToken: has("api_token"),
    };
  }

  function contentOf(entry) {
    return (entry && entry.content) || {};
  }

  async function saveAddress({ url, caFile, allowHttp }) {
    await splunkd.post(stanza, {
      "param.url": url,
      "param.ca_file": caFile,
      "param.allow_http": allowHttp ? "1" : "0",
    });
  }

  /** Stores a secret, or another one in its place. `name`: signing_secret, api_token. */
  async function saveSecret(name, isStored, secret) {
    if (isStored) {
      await splunkd.post(entryOf(name), { password: secret });
      return;
    }
    try {
      await splunkd.post(passwords, { name, realm, password: secret });
    } catch (error) {
      // Somebody else has stored one meanwhile.
      if (error.status !== 409) {
        throw error;
      }
      await splunkd.post(entryOf(name), { password: secret });
    }
  }

  async function removeSecret(name) {
    await splunkd.remove(entryOf(name), {});
  }

  function entryOf(name) {
    return `${passwords}/${encodeURIComponent(`${realm}:${name}:`)}`;
  }

  /** From now on Splunk opens the app instead of this page. */
  async function markConfigured() {
    await splunkd.post(app, { configured: "true" });
    await splunkd.post(`${app}/_reload`, {});
  }

  return { read, saveAddress, saveSecret, removeSecret, markConfigured };
});
