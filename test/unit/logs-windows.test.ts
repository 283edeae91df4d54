import { describe, expect, test } from "vitest";
import { readText, told } from "./logs-desk.ts";

const message = (user: string, address: string, workstation = "PC1"): string =>
  [
    "An account failed to log on.",
    "",
    "Subject:",
    "\tSecurity ID:\t\tS-1-0-0",
    "\tAccount Name:\t\t-",
    "\tAccount Domain:\t\t-",
    "Logon Type:\t\t\t3",
    "Account For Which Logon Failed:",
    "\tSecurity ID:\t\tS-1-0-0",
    `\tAccount Name:\t\t${user}`,
    "\tAccount Domain:\t\t",
    "Failure Information:",
    "\tFailure Reason:\t\tUnknown user name or bad password.",
    "Network Information:",
    `\tWorkstation Name:\t${workstation}`,
    `\tSource Network Address:\t${address}`,
    "\tSource Port:\t\t40022",
    "Detailed Authentication Information:",
    "\tLogon Process:\t\tNtLmSsp ",
    "\tAuthentication Package:\tNTLM",
    "\tKey Length:\t\t0",
  ].join("\r\n");

const xml = (id: number, user: string, address: string): string =>
  `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>${id}</EventID><TimeCreated SystemTime='2024-05-01T12:00:00.123456700Z'/></System><EventData><Data Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>${user}</Data><Data Name='IpAddress'>${address}</Data><Data Name='IpPort'>40022</Data></EventData></Event>`;

describe("event 4625 as text", () => {
  test.each([
    [
      "event viewer",
      `Keywords\tDate and Time\tSource\tEvent ID\tTask Category\r\nAudit Failure\t5/1/2024 1:02:03 PM\tMicrosoft-Windows-Security-Auditing\t4625\tLogon\t"${message("admin", "203.0.113.9")}"`,
      new Date(2024, 4, 1, 13, 2, 3).getTime(),
    ],
    [
      "wevtutil",
      `Event[0]\n  Log Name: Security\n  Source: Microsoft-Windows-Security-Auditing\n  Date: 2024-05-01T12:00:00.1230000Z\n  Event ID: 4625\n  Description: \n${message("admin", "203.0.113.9")}`,
      Date.parse("2024-05-01T12:00:00.123Z"),
    ],
    [
      "Get-WinEvent",
      `TimeCreated  : 01.05.2024 13:02:03\nId           : 4625\nMessage      : ${message("admin", "203.0.113.9")}`,
      new Date(2024, 4, 1, 13, 2, 3).getTime(),
    ],
    [
      "Splunk",
      `05/01/2024 01:02:03 PM\nLogName=Security\nEventCode=4625\nMessage=${message("admin", "203.0.113.9")}`,
      new Date(2024, 4, 1, 13, 2, 3).getTime(),
    ],
    [
      "one line",
      `2024-05-01T12:00:00Z dc1 Microsoft-Windows-Security-Auditing: 4625: ${message("admin", "203.0.113.9").replaceAll(/\s+/g, " ")}`,
      Date.parse("2024-05-01T12:00:00Z"),
    ],
  ])("from %s", (_name, text, atMs) => {
    expect(readText("windows-security", `${text}\r\n${text}\r\n`)).toMatchObject({
      events: [
        { ip: "203.0.113.9", user: "admin", atMs },
        { ip: "203.0.113.9", user: "admin", atMs },
      ],
      unclear: 0,
    });
  });

  test("names of users and workstations are not taken for the address", () => {
    const fake = "x Source Network Address: 192.0.2.1 Source Port: 1 Logon Process: a";

    expect(told("windows-security", message(fake, "203.0.113.9"))).toEqual([`203.0.113.9 ${fake}`]);
    expect(told("windows-security", message("a", "203.0.113.9", fake))).toEqual(["203.0.113.9 a"]);
    expect(told("windows-security", message(fake, "203.0.113.9").replaceAll(/\s+/g, " "))).toEqual([
      `203.0.113.9 ${fake}`,
    ]);
  });

  test("a name in another event is not taken for one of these", () => {
    const name = message("x", "192.0.2.1").replaceAll(/\s+/g, " ");
    const other = `5/1/2024 1:02:03 PM\r\nEventCode=4771\r\nMessage=Kerberos pre-authentication failed.\r\n\tAccount Name:\t\t${name}\r\nAccount Name: ${name}\r\n`;

    expect(readText("windows-security", other).events).toEqual([]);
  });

  test("an event that breaks off is unclear", () => {
    const fake = "x Source Network Address: 192.0.2.1 Source Port: 1 ";
    const [start = ""] = message(fake, "203.0.113.9").split("Failure Information");

    expect(readText("windows-security", start)).toMatchObject({ events: [], unclear: 0 });
    expect(readText("windows-security", `${start}\n5/1/2024 1:02:03 PM next\n`)).toMatchObject({
      events: [],
      unclear: 1,
    });
  });

  test("somebody at the machine itself has no address, and another event none of ours", () => {
    expect(told("windows-security", message("a", "-"))).toEqual([]);
    expect(
      told(
        "windows-security",
        message("a", "203.0.113.9").replace("failed to log on", "was successfully logged on"),
      ),
    ).toEqual([]);
  });
});

describe("event 4625 in XML", () => {
  test.each([
    ["one on a line", `${xml(4625, "a&amp;b", "203.0.113.9")}\n${xml(4624, "c", "203.0.113.10")}\n`],
    [
      "all on one line",
      `<Events>${xml(4624, "c", "203.0.113.10")}${xml(4625, "a&amp;b", "203.0.113.9")}</Events>`,
    ],
    ["on many lines", xml(4625, "a&amp;b", "203.0.113.9").replaceAll("><", ">\r\n  <").replaceAll("'", '"')],
  ])("%s", (_name, text) => {
    expect(readText("windows-security", text).events).toMatchObject([
      { ip: "203.0.113.9", user: "a&b", atMs: Date.parse("2024-05-01T12:00:00.123Z") },
    ]);
  });

  test("a line of a megabyte loses none", () => {
    const text = `<Events>${Array.from({ length: 3000 }, () => xml(4625, "a", "203.0.113.9")).join("")}</Events>`;

    expect(text.length).toBeGreaterThan(1_000_000);
    expect(readText("windows-security", text).events).toHaveLength(3000);
  });
});

describe("event 4625 in JSON", () => {
  const time = "2024-05-01T12:00:00.123Z";

  test.each([
    ["NXLog", { EventTime: time, EventID: 4625, TargetUserName: "admin", IpAddress: "203.0.113.9" }],
    [
      "winlogbeat",
      {
        "@timestamp": time,
        winlog: { event_id: "4625", event_data: { TargetUserName: "admin", IpAddress: "203.0.113.9" } },
      },
    ],
    [
      "ECS",
      {
        "@timestamp": time,
        event: { code: "4625" },
        source: { ip: "203.0.113.9" },
        user: { name: "admin" },
        host: { ip: ["192.0.2.1"] },
      },
    ],
    [
      "evtx_dump",
      {
        Event: {
          System: { EventID: { "#text": 4625 }, TimeCreated: { "#attributes": { SystemTime: time } } },
          EventData: { TargetUserName: "admin", IpAddress: "203.0.113.9" },
        },
      },
    ],
    [
      "converted XML",
      {
        System: { EventID: "4625", TimeCreated: { SystemTime: time } },
        EventData: {
          Data: [
            { "@Name": "TargetUserName", "#text": "admin" },
            { "@Name": "IpAddress", "#text": "203.0.113.9" },
          ],
        },
      },
    ],
    [
      "ConvertTo-Json",
      {
        TimeCreated: `/Date(${Date.parse(time)})/`,
        Id: 4625,
        EventCode: 4625,
        Message: message("admin", "203.0.113.9"),
      },
    ],
  ])("from %s, on one line, on many, in a list", (_name, event) => {
    const expected = [{ ip: "203.0.113.9", user: "admin", atMs: Date.parse(time) }];

    expect(readText("windows-security", `${JSON.stringify(event)}\n`).events).toMatchObject(expected);
    expect(readText("windows-security", JSON.stringify(event, null, 2)).events).toMatchObject(expected);
    const list = JSON.stringify([event, { EventID: 4624, IpAddress: "192.0.2.1" }, event], null, 2);
    expect(readText("windows-security", list).events).toMatchObject([...expected, ...expected]);
  });

  test("Get-WinEvent's number of the event is its Id", () => {
    const event = { TimeCreated: time, Id: 4625, Message: message("admin", "203.0.113.9") };

    expect(readText("windows-security", JSON.stringify(event)).events).toMatchObject([{ ip: "203.0.113.9" }]);
  });

  test("what is no event, or broken, is nothing", () => {
    const text = `{"EventID":4624,"IpAddress":"192.0.2.1","note":"4625"}\n{"EventID":4625,\n{"EventID":4625,"IpAddress":"x"}\n`;

    expect(readText("windows-security", text).events).toEqual([]);
  });

  test("braces in texts, and a text that never ends, do not hide the next event", () => {
    const good = '{"EventID":4625,"TargetUserName":"}{\\"","IpAddress":"203.0.113.9"}';

    expect(told("windows-security", good, '{"EventID":4625,"x":"never', good)).toEqual([
      '203.0.113.9 }{"',
      '203.0.113.9 }{"',
    ]);
  });
});
