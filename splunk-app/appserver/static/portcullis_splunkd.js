/** Asks splunkd through Splunk Web, as whoever is logged in. Splunk's own module adds the token against forged requests. */
define(["splunkjs/mvc"], (mvc) => {
  const service = mvc.createService({ owner: "nobody", app: "portcullis" });
  const base = "/servicesNS/nobody/portcullis/";

  /** What went wrong, for people. `code` is what the app's own handlers say, or empty. */
  class AskError extends Error {
    constructor({ status, code, message, advice }) {
      super(message);
      this.status = status;
      this.code = code;
      this.advice = advice;
    }
  }

  /** @returns the JSON of a success. @throws {AskError} */
  function ask(method, path, { query = {}, form = null } = {}) {
    return new Promise((resolve, reject) => {
      const done = (failure, answer) => {
        const told = failure || answer || {};
        const data = parse(told.data);
        if (!failure && told.status >= 200 && told.status < 300) {
          resolve(data);
        } else {
          reject(new AskError(inWords(told.status || 0, data)));
        }
      };
      service.request(base + path, method, query, form, null, {}, done);
    });
  }

  function parse(data) {
    if (typeof data !== "string") {
      return data || {};
    }
    try {
      return JSON.parse(data) || {};
    } catch {
      return {};
    }
  }

  const usual = {
    0: ["Splunk did not answer.", "Check the connection and try again."],
    401: ["You are not logged in to Splunk any more.", "Log in again and reload this page."],
    403: ["Splunk does not let you do this.", "Ask an administrator of Splunk."],
    404: [
      "Splunk does not know what this page asks for.",
      "Restart Splunk after installing or updating the app.",
    ],
  };

  function inWords(status, data) {
    if (typeof data.code === "string" && typeof data.message === "string") {
      return { status, code: data.code, message: data.message, advice: String(data.advice || "") };
    }
    const said = (Array.isArray(data.messages) ? data.messages : [])
      .map((one) => (one && typeof one.text === "string" ? one.text : ""))
      .filter((text) => text !== "")
      .join(" ");
    const [message, advice] = usual[status] || [
      `Splunk answered with status ${status}.`,
      "Look into splunkd.log.",
    ];
    return { status, code: "", message, advice: said === "" ? advice : `${advice} Splunk says: ${said}` };
  }

  return {
    get: (path, query) => ask("GET", path, { query }),
    post: (path, form) => ask("POST", path, { form }),
    remove: (path, query) => ask("DELETE", path, { query }),
  };
});
