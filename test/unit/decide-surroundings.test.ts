import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readGateways } from "../../src/decide/read-gateways.ts";
import { readNameServers } from "../../src/decide/read-name-servers.ts";

class NoFile extends Error {
  readonly code = "ENOENT";
}

function readerOf(files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) {
      throw new NoFile(path);
    }
    return text;
  };
}

const route = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	FE7100CB	0003	0	0	100	00000000	0	0	0
eth0	007100CB	00000000	0001	0	0	100	00FFFFFF	0	0	0
eth1	0000000A	017100CB	0003	0	0	0	000000FF	0	0	0
eth1	0000100A	017100CB	0003	0	0	0	0000FFFF	0	0	0
`;
const zeros = "0".repeat(32);
const ipv6Route = `fe800000000000000000000000000000 40 ${zeros} 00 ${zeros} 00000100 00000002 00000000 00000001     eth0
${zeros} 00 ${zeros} 00 20010db8000000000000000000000001 00000400 00000003 00000000 00000003     eth0
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo
`;

test("the machines over which routes lead, once each", () => {
  const read = readerOf({ "/proc/net/route": route, "/proc/net/ipv6_route": ipv6Route });

  expect(readGateways(read, "LE")).toEqual(["203.0.113.254", "203.0.113.1", "2001:db8::1"]);
});

test("on a machine with the other byte order", () => {
  const read = readerOf({ "/proc/net/route": "eth0\t00000000\tCB0071FE\t0003\t0\t0\t0\t00000000" });

  expect(readGateways(read, "BE")).toEqual(["203.0.113.254"]);
});

test.each(["", "\n\n", "garbage", "eth0\tx\tFE7100CB", "eth0\t0\tFE7100CB00\t3", "eth0\t0\tFE7100CB\tzz"])(
  "%j names none",
  (text) => {
    expect(readGateways(readerOf({ "/proc/net/route": text, "/proc/net/ipv6_route": text }))).toEqual([]);
  },
);

test("without such files nothing is known; another failure is one", () => {
  expect(readGateways(readerOf({}))).toEqual([]);
  expect(readNameServers(readerOf({}))).toEqual([]);
  const broken = () => {
    throw new Error("EIO");
  };
  expect(() => readGateways(broken)).toThrow("EIO");
  expect(() => readNameServers(broken)).toThrow("EIO");
});

test("this machine's own files can be read", () => {
  const read = (path: string) => readFileSync(path, "latin1");

  expect(() => [...readGateways(read), ...readNameServers(read)]).not.toThrow();
});

test("name servers, and those that a resolver on this machine asks", () => {
  const read = readerOf({
    "/etc/resolv.conf": "# made by hand\nsearch example.net\nnameserver 127.0.0.53\n;nameserver 9.9.9.9\n",
    "/run/systemd/resolve/resolv.conf":
      "nameserver 203.0.113.53\nnameserver  2001:db8::53 \nnameserver 127.0.0.53\n",
  });

  expect(readNameServers(read)).toEqual(["127.0.0.53", "203.0.113.53", "2001:db8::53"]);
});
