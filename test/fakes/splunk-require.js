// Stands in for Splunk Web's RequireJS and `splunkjs/mvc`: as much as the app's pages use, in the way of Splunk's SDK for JavaScript.
(() => {
  const modules = new Map();
  const root = "/en-US";
  let defined = null;

  window.define = (names, make) => {
    defined = typeof names === "function" ? [[], names] : [names, make];
  };
  window.require = (names, use) => {
    void Promise.all(names.map(load)).then((found) => use(...found));
  };

  function load(name) {
    if (!modules.has(name)) {
      modules.set(name, builtIn[name] === undefined ? loadScript(name) : builtIn[name]());
    }
    return modules.get(name);
  }

  /** Scripts of modules are run one after the other, so `defined` is always the last one's. */
  let queue = Promise.resolve();
  function loadScript(name) {
    const script = document.createElement("script");
    script.src = new URL(`${name}.js`, `${location.origin}${root}/static/js/`).href;
    const run = queue.then(
      () =>
        new Promise((resolve, reject) => {
          defined = null;
          script.addEventListener("load", () => resolve(defined));
          script.addEventListener("error", () => reject(new Error(`no module ${name}`)));
          document.head.append(script);
        }),
    );
    queue = run;
    return run.then(async ([names, make]) => make(...(await Promise.all(names.map(load)))));
  }

  const builtIn = {
    "splunkjs/mvc": () => Promise.resolve({ createService: () => ({ request }) }),
    "splunkjs/mvc/simplexml/ready!": () =>
      new Promise((resolve) => {
        document.addEventListener("DOMContentLoaded", resolve);
        if (document.readyState !== "loading") {
          resolve();
        }
      }),
  };

  function encode(values) {
    const pairs = Object.entries(values || {}).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)]),
    );
    return new URLSearchParams(pairs).toString();
  }

  async function request(path, method, query, post, body, headers, callback) {
    const answer = await send(path, method, { query, post, headers });
    const isGood = answer.status < 400;
    callback(isGood ? null : answer, isGood ? answer : undefined);
  }

  async function send(path, method, { query, post, headers }) {
    const url = `${root}/splunkd/__raw${path}?${encode({ ...query, output_mode: "json" })}`;
    const init = { method, headers: { "X-Splunk-Form-Key": "form-key", ...headers } };
    if (post !== null) {
      init.headers["Content-Type"] = "application/x-www-form-urlencoded";
      init.body = encode(post);
    }
    try {
      const answer = await fetch(url, init);
      return { status: answer.status, data: parse(await answer.text()) };
    } catch (error) {
      return { status: 600, data: null, error: String(error) };
    }
  }

  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
})();
