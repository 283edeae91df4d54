/**
 * Settings of Splunk's own that the app may use, per file and kind of stanza: those alone that it has a use for.
 * Source: the .conf.spec files of Splunk Enterprise 10.2 (alert_actions, app, authorize, eventtypes, inputs, macros, props, restmap,
 * savedsearches, tags, transforms, web, workflow_actions), names only.
 */
const known: Readonly<Record<string, readonly (readonly [stanza: RegExp, keys: readonly RegExp[]])[]>> = {
  alert_actions: [
    [
      /./,
      words(
        "is_custom label description icon_path payload_format python.version track_alert ttl maxtime maxresults forceCsvResults",
      ),
    ],
  ],
  app: [
    [/^install$/, words("is_configured build state allows_disable")],
    [/^package$/, words("id check_for_updates")],
    [/^id$/, words("name version group")],
    [/^launcher$/, words("author version description")],
    [
      /^ui$/,
      words(
        "is_visible label setup_view show_in_nav attribution_link docs_section_override supported_themes",
      ),
    ],
    [/^triggers$/, [/^reload\.[\w-]+$/]],
  ],
  authorize: [
    [/^capability::/, [/^(?!)/]],
    [/^role_/, [/^\w+$/]],
  ],
  eventtypes: [[/./, words("search description disabled priority color")]],
  inputs: [
    [
      /^script:\/\//,
      words(
        "interval index source sourcetype disabled passAuth python.version python.required send_index_as_argument_for_path",
      ),
    ],
  ],
  macros: [[/./, words("args definition description iseval validation errormsg")]],
  props: [
    [/^source::/, words("sourcetype priority")],
    [
      /./,
      [
        /^(?:EVAL|FIELDALIAS|EXTRACT|REPORT|LOOKUP)-[\w-]+$/,
        ...words(
          "KV_MODE INDEXED_EXTRACTIONS TIME_PREFIX TIME_FORMAT MAX_TIMESTAMP_LOOKAHEAD SHOULD_LINEMERGE LINE_BREAKER",
        ),
        ...words("TRUNCATE AUTO_KV_JSON category description pulldown_type DATETIME_CONFIG TZ CHARSET"),
      ],
    ],
  ],
  restmap: [
    [/^validation:savedsearch$/, [/^action\.portcullis_block(?:\.param\.\w+)?$/]],
    [
      /^script:/,
      [
        /^capability(?:\.(?:get|post|put|delete))?$/,
        ...words(
          "match script scripttype handler python.version python.required requireAuthentication acceptFrom stream",
        ),
        ...words(
          "passPayload passHttpHeaders passHttpCookies passSession passSystemAuth passConf output_modes",
        ),
      ],
    ],
  ],
  savedsearches: [
    [
      /./,
      [
        /^alert\.(?:track|severity|suppress|suppress\.(?:fields|period|group_name)|digest_mode|expires|managedBy)$/,
        /^dispatch\.(?:earliest_time|latest_time|ttl|max_count|max_time)$/,
        /^(?:display|request)\.[\w.]+$/,
        ...words(
          "search description disabled enableSched is_scheduled cron_schedule schedule_window schedule_priority allow_skew",
        ),
        ...words(
          "counttype relation quantity alert_type alert_comparator alert_threshold alert_condition is_visible realtime_schedule actions",
        ),
      ],
    ],
  ],
  server: [[/^shclustering$/, [/^conf_replication_include\.[\w-]+$/]]],
  tags: [[/./, [/^\w+$/]]],
  transforms: [
    [
      /./,
      words(
        "filename case_sensitive_match max_matches min_matches default_match match_type REGEX FORMAT SOURCE_KEY MV_ADD external_cmd python.version",
      ),
    ],
  ],
  web: [[/^expose:/, words("pattern methods")]],
  workflow_actions: [
    [
      /./,
      words(
        "type label fields eventtypes display_location disabled link.uri link.method link.target search.search_string search.app search.view search.target",
      ),
    ],
  ],
};

function words(text: string): readonly RegExp[] {
  return text.split(" ").map((word) => new RegExp(`^${word.replaceAll(".", "\\.")}$`));
}

/** Patterns of the keys that Splunk knows in such a stanza. */
export function splunkSettings(conf: string, stanza: string): readonly RegExp[] {
  return (known[conf] ?? []).flatMap(([name, keys]) => (name.test(stanza) ? keys : []));
}
