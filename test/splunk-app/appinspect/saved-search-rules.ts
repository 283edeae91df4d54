import type { App } from "./app-package.ts";
import type { Stanza } from "./conf.ts";
import { runsPerHour } from "./cron.ts";
import { eachSetting, eachStanza, type Problem, type Rule, rule, unless } from "./rule.ts";

/** Facts 3.5: saved searches. */
export const savedSearchRules: readonly Rule[] = [
  rule("check_saved_search_specifies_a_search", "warning", (app) =>
    eachSearch(app, (search) => unless((value(search, "search") ?? "").trim() !== "", "has no search")),
  ),
  rule("check_for_emails_in_saved_search", "failure", (app) =>
    eachSetting(app, "savedsearches", ({ key, value }) =>
      unless(
        !/^action\.email\.(?:to|cc|bcc)$/.test(key) || value === "",
        "is for whoever uses the search to say",
      ),
    ),
  ),
  rule("check_for_real_time_saved_searches_for_cloud", "failure", (app) =>
    eachSetting(app, "savedsearches", ({ key, value }) =>
      unless(!/^dispatch\.(?:earliest|latest)_time$/.test(key) || !value.startsWith("rt"), "is real-time"),
    ),
  ),
  rule("check_for_gratuitous_cron_scheduling", "warning", (app) =>
    eachSetting(app, "savedsearches", ({ key, value }) => {
      const runs = key === "cron_schedule" ? runsPerHour(value) : 1;
      return runs === undefined
        ? [`${value} is no cron schedule of five fields without names`]
        : unless(runs <= 12, `runs ${runs} times an hour`);
    }),
  ),
  rule("check_for_sched_saved_searches_earliest_time", "failure", (app) => bounded(app, "earliest")),
  rule("check_for_sched_saved_searches_latest_time", "warning", (app) => bounded(app, "latest")),
  rule("check_for_empty_saved_search_description", "failure", (app) =>
    eachSearch(app, (search) => unless((value(search, "description") ?? "") !== "", "has no description")),
  ),
  rule("check_saved_search_conf_for_action_script_filename", "failure", (app) =>
    eachSetting(app, "savedsearches", ({ key }) =>
      unless(!key.startsWith("action.script"), "runs a program"),
    ),
  ),
  rule("check_savedsearches_conf_for_action_populate_lookup", "failure", (app) =>
    eachSetting(app, "savedsearches", ({ key }) =>
      unless(!key.startsWith("action.populate_lookup"), "is not allowed"),
    ),
  ),
  rule("portcullis_samples_are_disabled", "failure", (app) =>
    eachSearch(app, (search) =>
      unless(value(search, "disabled") === "1", "must be shipped with disabled = 1"),
    ),
  ),
  rule("portcullis_samples_run_on_a_schedule", "failure", (app) =>
    eachSearch(app, (search) => [
      ...unless((value(search, "cron_schedule") ?? "") !== "", "has no cron_schedule"),
      ...unless(isScheduled(search), "is not scheduled (enableSched = 1)"),
    ]),
  ),
  rule("portcullis_samples_only_use_the_alert_action", "failure", (app) =>
    eachSetting(app, "savedsearches", ({ key, value }) =>
      unless(
        !/^action\.(?!portcullis_block\b)[\w-]+$/.test(key) || /^(?:0|false)$/i.test(value),
        "is another action than portcullis_block",
      ),
    ),
  ),
];

const value = (stanza: Stanza, key: string) => stanza.settings.find((setting) => setting.key === key)?.value;

const isScheduled = (stanza: Stanza) =>
  /^(?:1|true)$/i.test(value(stanza, "enableSched") ?? value(stanza, "is_scheduled") ?? "");

function eachSearch(app: App, check: (stanza: Stanza) => readonly string[]): Problem[] {
  return eachStanza(app, "savedsearches", (stanza) => (stanza.name === "default" ? [] : check(stanza)));
}

function bounded(app: App, end: "earliest" | "latest"): Problem[] {
  return eachSearch(app, (search) => {
    const text = (value(search, "search") ?? "").trim();
    const isBounded =
      (value(search, `dispatch.${end}_time`) ?? "") !== "" || new RegExp(`\\b${end}\\s*=`).test(text);
    return unless(isBounded || !isScheduled(search) || text.startsWith("|"), `has no dispatch.${end}_time`);
  });
}
