/** Posts alerts with sids of their own and prints what autocannon measured as JSON: `load.ts URL CONNECTIONS SECONDS`. */
import autocannon from "autocannon";

const [url = "", connections = "50", seconds = "10"] = process.argv.slice(2);

const template = JSON.stringify({
  sid: "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_COUNTER",
  search_name: "SSH brute force",
  app: "search",
  owner: "admin",
  results_link:
    "https://splunk.example.net:8000/app/search/@go?sid=scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_1",
  result: {
    src_ip: "203.0.113.45",
    count: "57",
    user: ["root", "admin"],
    dest: "",
    _time: "1760000399.125000",
  },
});
const [before = "", after = ""] = template.split("COUNTER");
let counter = 0;

const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  requests: [
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      setupRequest(request) {
        counter += 1;
        // A sid as Splunk writes it: the second and a counter at its end.
        return { ...request, body: `${before}${counter}${after}` };
      },
    },
  ],
});
console.log(
  JSON.stringify({
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    answered: result["2xx"],
    refused: result.non2xx + result.errors,
  }),
);
