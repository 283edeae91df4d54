import { expect, test } from "vitest";
import { patient, splunkDesk } from "./splunk-desk.ts";

const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 10, 20, 12, minute, second));

test("webhooks that Splunk's log calls failed are found over the API, those of this time only", async () => {
  const { splunk, api } = await splunkDesk();
  const search = { searchName: 'SSH "brute" force', app: "security", owner: "soc" };
  splunk.logSend({ ...search, sid: "before.1", at: at(0) });
  splunk.logSend({ ...search, sid: "lost.2", at: at(10) });
  splunk.logSend({ ...search, sid: "sent.3", at: at(11), error: null });
  splunk.logSend({ ...search, sid: "lost.4", at: at(12), error: "HTTP Error 503: Service Unavailable" });
  splunk.logSend({ ...search, sid: "after.5", at: at(21) });

  const lost = await api.lostSends(at(1), at(20), patient);

  expect(lost).toEqual([
    {
      ...search,
      action: "webhook",
      sid: "lost.2",
      failedAt: new Date(at(10).getTime() + 500),
      reason: "Error sending webhook request: <urlopen error [Errno 111] Connection refused>",
    },
    {
      ...search,
      action: "webhook",
      sid: "lost.4",
      failedAt: new Date(at(12).getTime() + 500),
      reason: "Error sending webhook request: HTTP Error 503: Service Unavailable",
    },
  ]);
  expect(splunk.requests[0]?.form).toMatchObject({
    search: expect.stringContaining("index=_internal sourcetype=splunkd component=sendmodalert"),
    // From long enough before, so that the line that names the sid is among them.
    earliest_time: String(at(-5).getTime() / 1000) + ".000",
    latest_time: String(at(20).getTime() / 1000) + ".000",
  });
});

test("without the right to read Splunk's log, that is said", async () => {
  const { splunk, api } = await splunkDesk();
  splunk.forbid(/export/);

  await expect(api.lostSends(at(1), at(20), patient)).rejects.toMatchObject({ code: "SPLUNK_FORBIDDEN" });
});
