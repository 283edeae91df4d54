import { expect, test } from "vitest";
import { loadAmdModule } from "../fakes/amd-module.ts";

interface Values {
  readonly url: string;
  readonly caFile: string;
  readonly allowHttp: boolean;
  readonly signingSecret: string;
  readonly apiToken: string;
}

interface Fault {
  readonly name: string;
  readonly advice: string;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module has no types
const { firstFault } = loadAmdModule("portcullis_setup_faults") as {
  readonly firstFault: (values: Values, isSecretStored: boolean) => Fault | null;
};

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const good: Values = {
  url: "https://one.example.net",
  caFile: "",
  allowHttp: false,
  signingSecret: secret,
  apiToken: "",
};

test.each<[string, Partial<Values>, keyof Values, RegExp]>([
  ["nothing at all", { url: "", signingSecret: "" }, "url", /must look like/],
  ["no URL", { url: "portcullis" }, "url", /must look like/],
  ["another scheme", { url: "javascript:alert(1)" }, "url", /must look like/],
  ["no host", { url: "https:///x" }, "url", /must look like/],
  ["a password in the URL", { url: "https://a:b@one.example.net" }, "url", /without user/],
  ["a query", { url: "https://one.example.net/?x=1" }, "url", /without user/],
  ["http to another machine", { url: "http://one.example.net" }, "url", /unencrypted/],
  [
    "http to what only looks like this machine",
    { url: "http://127.0.0.1.example.net" },
    "url",
    /unencrypted/,
  ],
  ["http in capitals", { url: "HTTP://one.example.net" }, "url", /unencrypted/],
  ["a bad port", { url: "https://one.example.net:99999" }, "url", /well-formed/],
  ["a CA file without its path", { caFile: "ca.pem" }, "caFile", /whole path/],
  ["no secret", { signingSecret: "" }, "signingSecret", /missing/],
  ["two secrets", { signingSecret: `${secret},${secret}` }, "signingSecret", /one only/],
  ["another secret", { signingSecret: "hunter2" }, "signingSecret", /whsec_/],
  ["a token of two words", { apiToken: "pct_1 2" }, "apiToken", /blanks/],
])("%s is a fault", (_name, changes, name, advice) => {
  const fault = firstFault({ ...good, ...changes }, false);

  expect(fault?.name).toBe(name);
  expect(fault?.advice).toMatch(advice);
});

test.each<[string, Partial<Values>]>([
  ["https", {}],
  ["a port and a path", { url: "https://one.example.net:8443/portcullis/" }],
  ["this machine by name", { url: "http://localhost:8080" }],
  ["this machine by address", { url: "http://127.0.0.1:8080" }],
  ["this machine by IPv6", { url: "http://[::1]:8080" }],
  ["http that is allowed", { url: "http://one.example.net", allowHttp: true }],
  ["an absolute CA file", { caFile: "/etc/ssl/ca.pem" }],
  ["a CA file in Splunk's folder", { caFile: "$SPLUNK_HOME/etc/auth/ca.pem" }],
  ["a CA file on Windows", { caFile: "C:\\Splunk\\ca.pem" }],
  ["a token", { apiToken: "pct_0123456789ab_x" }],
])("%s is none", (_name, changes) => {
  expect(firstFault({ ...good, ...changes }, false)).toBeNull();
});

test("a secret that is stored need not be entered again", () => {
  expect(firstFault({ ...good, signingSecret: "" }, true)).toBeNull();
});
