import { expect, test } from "vitest";
import { createCrawlerCheck, type CrawlerCheckDeps } from "../../src/decide/crawlers.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { after, ip, t0 } from "../fakes/samples.ts";

const google = ip("66.249.66.1");
const googleName = "crawl-66-249-66-1.googlebot.com";

class NoName extends Error {
  readonly code = "ENOTFOUND";
}

/** A world in which addresses have names and names addresses; whoever has none is not found. */
function desk(
  names: Readonly<Record<string, readonly string[]>>,
  addresses: Readonly<Record<string, readonly string[]>>,
  changes: Partial<CrawlerCheckDeps> = {},
) {
  const log = keptLog();
  const world = { now: t0, asked: [] as string[] };
  const answer = (from: Readonly<Record<string, readonly string[]>>) => (what: string) => {
    world.asked.push(what);
    const found = from[what];
    return found === undefined ? Promise.reject(new NoName(what)) : Promise.resolve(found);
  };
  const check = createCrawlerCheck({
    names: ["googlebot", "bingbot"],
    reverse: answer(names),
    resolve: answer(addresses),
    now: () => world.now,
    log,
    ...changes,
  });
  return { log, world, check: (about = google) => check(about, new AbortController().signal) };
}

test.each([
  ["66.249.66.1", googleName, "Googlebot"],
  ["66.249.79.5", "geo-crawl-66-249-79-5.geo.googlebot.com", "Googlebot"],
  ["66.249.90.77", "rate-limited-proxy-66-249-90-77.google.com", "Googlebot"],
  ["2001:4860:4801:10::1", "crawl-2001-4860-4801-10--1.googlebot.com", "Googlebot"],
  ["157.55.33.18", "msnbot-157-55-33-18.search.msn.com", "Bingbot"],
])("%s, whose name %s leads back to it, is %s", async (address, name, title) => {
  const { check } = desk({ [address]: [name] }, { [`${name}.`]: ["9.9.9.9", address] });

  expect(await check(ip(address))).toBe(`${address} is ${title}: its name ${name} leads back to it`);
});

test("upper case, a dot at the end and another spelling of an IPv6 address change nothing", async () => {
  const address = "2001:4860:4801:10::1";
  const { check } = desk(
    { [address]: ["Crawl-1.GoogleBot.COM."] },
    { "crawl-1.googlebot.com.": ["2001:4860:4801:0010:0000::0001"] },
  );

  expect(await check(ip(address))).toContain("crawl-1.googlebot.com leads back");
});

test.each([
  ["evilgooglebot.com"],
  ["crawl-1.evilgooglebot.com"],
  ["googlebot.com"],
  [".googlebot.com"],
  ["crawl-1.googlebot.com.evil.net"],
  ["crawl-1.googlebot.com.."],
  ["crawl-1.googlebot.com\u0000.evil.net"],
  ["crawl-1.googlebot.com\n"],
  ["crawl-1\\.googlebot.com"],
  ["crawl-1 .googlebot.com"],
  ["crawl-1.googlebot.com/evil"],
  ["crawl-1.goog\u0131ebot.com"],
  ["crawl-1.googlebot\u3002com"],
  ["1.2.3.4.bc.googleusercontent.com"],
  ["google-proxy-66-249-81-1.google.com"],
  ["mail.google.com"],
  ["evil-crawl-1.google.com"],
  ["crawl-1.google.com.evil.net"],
  ["crawl-1.evilgoogle.com"],
  ["search.msn.com"],
  ["bot.research.msn.com"],
  ["bot-search.msn.com"],
  [`${"a.".repeat(125)}googlebot.com`],
])("%j is no crawler's name, wherever it leads", async (name) => {
  const leadsHere = { get: () => ["66.249.66.1"] };
  const { check, world } = desk({ "66.249.66.1": [name] }, new Proxy({}, leadsHere));

  expect(await check()).toBeNull();
  expect(world.asked).toEqual(["66.249.66.1"]);
});

test.each([
  ["another address", ["66.249.66.2"]],
  ["an address that begins alike", ["66.249.66.11"]],
  ["no address", []],
  ["what is no address", ["66.249.66.1.evil", "0x42f94201", "1123631617"]],
])("a name that leads to %s proves nothing", async (_what, addresses) => {
  const { check } = desk({ "66.249.66.1": [googleName] }, { [`${googleName}.`]: addresses });

  expect(await check()).toBeNull();
});

test("an address without a name is nobody's, and neither is one whose name does not exist", async () => {
  const nameless = desk({}, {});
  const forged = desk({ "66.249.66.1": [googleName] }, {});

  expect(await nameless.check()).toBeNull();
  expect(await forged.check()).toBeNull();
  expect([...nameless.log.lines, ...forged.log.lines]).toEqual([]);
});

test("only crawlers that the settings name count, and without any nothing is asked", async () => {
  const names = { "66.249.66.1": [googleName] };
  const addresses = { [`${googleName}.`]: ["66.249.66.1"] };
  const onlyBing = desk(names, addresses, { names: ["bingbot"] });
  const none = desk(names, addresses, { names: [] });

  expect(await onlyBing.check()).toBeNull();
  expect(await none.check()).toBeNull();
  expect(none.world.asked).toEqual([]);
});

test("of a hundred names that fit, five are followed", async () => {
  const many = Array.from({ length: 100 }, (_value, n) => `crawl-${n}.googlebot.com`);
  const { check, world } = desk({ "66.249.66.1": many }, {});

  expect(await check()).toBeNull();
  expect(world.asked).toHaveLength(6);
});

test("one name that fits among others is enough, also when another can't be asked about", async () => {
  const { check } = desk(
    { "66.249.66.1": ["mail.example.net", "crawl-2.googlebot.com", googleName] },
    {},
    {
      resolve: (name) =>
        name === `${googleName}.` ? Promise.resolve(["66.249.66.1"]) : Promise.reject(new Error("ESERVFAIL")),
    },
  );

  expect(await check()).toContain(googleName);
});

test("a confirmed crawler is believed for a day, another for an hour", async () => {
  const { check, world } = desk({ "66.249.66.1": [googleName] }, { [`${googleName}.`]: ["66.249.66.1"] });
  const other = ip("9.8.7.6");
  await check();
  await check(other);
  const begun = world.asked.length;

  world.now = after(3599);
  await check(other);
  expect(world.asked.slice(begun)).toEqual([]);
  world.now = after(3600);
  await check(other);
  expect(world.asked.slice(begun)).toEqual(["9.8.7.6"]);
  world.now = after(86_399);
  expect(await check()).not.toBeNull();
  expect(world.asked.slice(begun)).toEqual(["9.8.7.6"]);
  world.now = after(86_400);
  expect(await check()).not.toBeNull();
  expect(world.asked.slice(begun)).toEqual(["9.8.7.6", "66.249.66.1", `${googleName}.`]);
});

test("what was found out in the future, before the clock was put right, is asked again", async () => {
  const { check, world } = desk({}, {});
  await check();
  world.now = after(-60);

  await check();

  expect(world.asked).toHaveLength(2);
});

test("a name server that fails confirms nobody, for five minutes, and is told once a minute at most", async () => {
  const asked: string[] = [];
  const reverse = (address: string) => {
    asked.push(address);
    return Promise.reject(new Error(`queryPtr ESERVFAIL ${address}`));
  };
  const { check, world, log } = desk({}, {}, { reverse });

  for (const address of ["9.0.0.1", "9.0.0.2", "9.0.0.1"]) {
    expect(await check(ip(address))).toBeNull();
  }
  expect(asked).toEqual(["9.0.0.1", "9.0.0.2"]);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: name servers don't answer.*9\.0\.0\.1/)]);

  world.now = after(300);
  await check(ip("9.0.0.1"));

  expect(asked).toHaveLength(3);
  expect(log.lines).toHaveLength(2);
});

test("one that is silent is not waited for", async () => {
  const { check, log } = desk({}, {}, { reverse: () => new Promise(() => {}), timeoutMs: 20 });

  expect(await check()).toBeNull();
  expect(log.lines).toEqual([expect.stringContaining("no answer within 20 ms")]);
});

test("who asks at the same time shares one question, and who gives up does not end it", async () => {
  const reversed = Promise.withResolvers<readonly string[]>();
  let asked = 0;
  const check = createCrawlerCheck({
    names: ["googlebot"],
    reverse: () => {
      asked += 1;
      return reversed.promise;
    },
    resolve: () => Promise.resolve(["66.249.66.1"]),
    now: () => t0,
    log: keptLog(),
  });
  const impatient = new AbortController();
  const patient = new AbortController();
  const both = [check(google, impatient.signal), check(google, patient.signal)];

  impatient.abort();
  expect(await both[0]).toBeNull();
  expect(await check(google, impatient.signal)).toBeNull();
  reversed.resolve([googleName]);

  expect(await both[1]).toContain(googleName);
  expect(asked).toBe(1);
});

test("no more than 10,000 answers are kept", async () => {
  const { check, world } = desk({}, {});
  const nth = (n: number) => ip(`9.0.${n >> 8}.${n & 255}`);
  for (let n = 0; n <= 10_000; n += 1) {
    await check(nth(n));
  }

  await check(nth(10_000));
  await check(nth(1));
  expect(world.asked).toHaveLength(10_001);
  await check(nth(0));
  expect(world.asked).toHaveLength(10_002);
});
