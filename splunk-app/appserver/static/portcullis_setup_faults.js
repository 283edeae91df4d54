/** What is wrong with what somebody entered on the setup page. Splunk's side checks again before anything is sent. */
define(() => {
  /** The first fault as {name, title, advice}, or null. `name` is the value's; `isSecretStored`: an empty secret keeps it. */
  function firstFault(values, isSecretStored) {
    const checks = [
      ["url", "The URL can't be used.", faultOfUrl(values)],
      ["caFile", "The CA file can't be used.", faultOfPath(values.caFile)],
      [
        "signingSecret",
        "The signing secret can't be used.",
        faultOfSecret(values.signingSecret, isSecretStored),
      ],
      ["apiToken", "The API token can't be used.", /\s/.test(values.apiToken) ? "It holds blanks." : null],
    ];
    const found = checks.find(([, , advice]) => advice !== null);
    return found === undefined ? null : { name: found[0], title: found[1], advice: found[2] };
  }

  function faultOfUrl({ url, allowHttp }) {
    if (!/^https?:\/\/[^/]/i.test(url)) {
      return "It must look like https://portcullis.example.net:8080.";
    }
    if (/[@?#\s]/.test(url)) {
      return "It must be without user, password, blanks, ? and #.";
    }
    let parsed = null;
    try {
      parsed = new URL(url);
    } catch {
      return "It is not well-formed.";
    }
    return parsed.protocol === "http:" && !allowHttp && !isThisMachine(parsed.hostname)
      ? "http:// sends alerts unencrypted. Use https://, or allow http:// below if you know that nobody listens."
      : null;
  }

  function isThisMachine(host) {
    return /^(localhost|127(\.\d+){3}|\[:{2}1\])$/.test(host);
  }

  function faultOfPath(path) {
    return path === "" || /^(\/|\$SPLUNK_HOME|[A-Za-z]:[\\/])/.test(path)
      ? null
      : "Give its whole path, or begin it with $SPLUNK_HOME.";
  }

  function faultOfSecret(secret, isStored) {
    if (secret === "") {
      return isStored ? null : "It is missing: without it the receiver refuses every alert.";
    }
    return /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)
      ? null
      : "It begins with whsec_, and letters, digits, + and / follow. Take one only, also when the receiver has two during rotation.";
  }

  return { firstFault };
});
