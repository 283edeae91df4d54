import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { candidate, createEnrichDesk, evidence, knowing, never } from "../fakes/enrich-desk.ts";
import { ip, t0 } from "../fakes/samples.ts";

describe("a whole /24", () => {
  const network = (answers: ReadonlyMap<ReturnType<typeof ip>, typeof evidence>) => {
    const networks: string[] = [];
    return {
      networks,
      look: {
        terms: { numbers: ["score"], times: [] },
        quota: [],
        lookUp: async (about: string) => {
          networks.push(about);
          return { value: answers, quota: [] };
        },
      },
    };
  };
  const [a, b, c] = [ip("20.1.1.1"), ip("20.1.1.2"), ip("20.1.1.3")];

  test("is looked up once when three of its addresses are asked for, and answers those that wait", async () => {
    const { networks, look } = network(new Map([[a, evidence]]));
    const asked = knowing("first", { network: look });
    const { enrich, store } = createEnrichDesk([asked]);
    const d = ip("20.1.1.4");
    store.queue("first", candidate(d), t0);

    const all = await Promise.all([a, b, c].map((address) => enrich.ask(address, ["first"], never)));

    expect(networks).toEqual(["20.1.1.0/24"]);
    expect(asked.asked).toEqual([]);
    expect(all.map(({ findings }) => findings[0]?.status)).toEqual(["known", "unknown", "unknown"]);
    expect(store.waiting("first")).toEqual([]);
    expect(store.kept.get("first 20.1.1.4")?.status).toBe("unknown");

    const marked = { evidence: { ...evidence, isPartial: true, isFromNetwork: true } };
    expect(all[0]?.findings).toMatchObject([marked]);
    expect(store.kept.get("first 20.1.1.1")).toMatchObject(marked);

    // The fifth is answered from memory.
    await enrich.ask(ip("20.1.1.5"), ["first"], never);
    expect([networks.length, asked.asked.length]).toEqual([1, 0]);

    // Who asks again although that is known needs more than it: also from the queue, and not before its turn.
    await expect(enrich.ask(a, ["first"], never)).resolves.toMatchObject({ findings: [{ evidence }] });
    expect([networks.length, asked.asked]).toEqual([1, [a]]);
    expect(store.kept.get("first 20.1.1.1")).not.toMatchObject({ evidence: { isPartial: true } });
  });

  test("that brought an address near to a block is not enough for it: the queue asks about it alone", async () => {
    const { look } = network(new Map([[a, evidence]]));
    const asked = knowing("first", { network: look });
    const { enrich, store, step } = createEnrichDesk([asked]);
    await Promise.all([a, b, c].map((address) => enrich.ask(address, ["first"], never)));

    store.queue("first", candidate(a), t0);
    await step("first");

    expect(asked.asked).toEqual([a]);
    expect(store.kept.get("first 20.1.1.1")).toMatchObject({ status: "known", evidence });
    expect(store.waiting("first")).toEqual([]);
  });

  test("is no way around the budget of single look-ups", async () => {
    const { look } = network(new Map([[a, evidence]]));
    const asked = knowing("first", { network: look, quota: [{ name: "hour", limit: 1 }] });
    const { enrich, clock } = createEnrichDesk([asked]);
    await enrich.ask(ip("20.9.9.9"), ["first"], never);
    await Promise.all([a, b, c].map((address) => enrich.ask(address, ["first"], never)));

    await expect(enrich.ask(a, ["first"], never)).resolves.toMatchObject({ findings: [{ status: "known" }] });
    clock.wait(31); // nothing waits in the queue that nobody has looked after
    await expect(enrich.ask(a, ["first"], never)).resolves.toMatchObject({
      waiting: [{ kind: "quota", reason: "all 1 calls of the hour are spent" }],
    });
    expect(asked.asked).toHaveLength(1);
  });

  test.each([
    ["are two", [a, b], ["score"]],
    ["are in different ones", [a, ip("20.1.2.2"), ip("20.1.3.3")], ["score"]],
    ["have policies that ask for more", [a, b, c], ["score", "reporters"]],
    ["are IPv6", [ip("2001:db8::1"), ip("2001:db8::2"), ip("2001:db8::3")], ["score"]],
  ])("is not looked up when addresses %s", async (_, addresses, numbers) => {
    const { networks, look } = network(new Map());
    const asked = knowing("first", { network: look });
    const { enrich } = createEnrichDesk([asked], { termsAsked: () => ({ numbers, times: [] }) });

    await Promise.all(addresses.map((address) => enrich.ask(address, ["first"], never)));

    expect(networks).toEqual([]);
    expect(asked.asked).toHaveLength(addresses.length);
  });

  test("whose budget is spent, or that is refused, is asked about address by address", async () => {
    const refusing = network(new Map());
    const lookUp = (about: string) => {
      refusing.networks.push(about);
      return Promise.reject(new AppError("PROVIDER_REJECTED", "HTTP 402", { retryable: false }));
    };
    const asked = knowing("first", { network: { ...refusing.look, lookUp } });
    const { enrich, store } = createEnrichDesk([asked]);

    await Promise.all([a, b, c].map((address) => enrich.ask(address, ["first"], never)));
    await enrich.ask(ip("20.1.1.9"), ["first"], never);

    expect(refusing.networks).toHaveLength(1);
    expect(asked.asked).toHaveLength(4);

    const spent = network(new Map());
    const limited = { ...spent.look, quota: [{ name: "hour" as const, limit: 1 }] };
    const second = knowing("second", { network: limited });
    const desk = createEnrichDesk([second], {}, store);
    await Promise.all([a, b, c].map((address) => desk.enrich.ask(address, ["second"], never)));
    const d = ["20.1.9.1", "20.1.9.2", "20.1.9.3"].map(ip);
    await Promise.all(d.map((address) => desk.enrich.ask(address, ["second"], never)));
    expect(spent.networks).toEqual(["20.1.1.0/24"]);
    expect(second.asked).toEqual(expect.arrayContaining(d));
  });
});
