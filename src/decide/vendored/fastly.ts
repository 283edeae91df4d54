import type { VendoredRanges } from "./vendored-ranges.ts";

/**
 * Source: api.fastly.com/public-ip-list as of October 2025. MISP warninglists (CC0) `lists/fastly/list.json`, version 20201106, holds
 * the same but for 140.248.64.0/18 and 140.248.128.0/17, which came later, and 146.75.0.0/17, which was a /16 then.
 */
export const fastlyRanges: VendoredRanges = {
  name: "fastly",
  title: "Fastly",
  asOf: new Date("2025-10-01T00:00:00.000Z"),
  networks: [
    "23.235.32.0/20",
    "43.249.72.0/22",
    "103.244.50.0/24",
    "103.245.222.0/23",
    "103.245.224.0/24",
    "104.156.80.0/20",
    "140.248.64.0/18",
    "140.248.128.0/17",
    "146.75.0.0/17",
    "151.101.0.0/16",
    "157.52.64.0/18",
    "167.82.0.0/17",
    "167.82.128.0/20",
    "167.82.160.0/20",
    "167.82.224.0/20",
    "172.111.64.0/18",
    "185.31.16.0/22",
    "199.27.72.0/21",
    "199.232.0.0/16",
    "2a04:4e40::/32",
    "2a04:4e42::/32",
  ],
};
