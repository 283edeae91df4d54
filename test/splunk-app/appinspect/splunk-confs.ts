/** Names of the .conf files that Splunk itself defines. Source: the .conf.spec files of Splunk Enterprise 10.2 (names only). */
export const splunkConfs: ReadonlySet<string> = new Set(
  `alert_actions app audit authentication authorize bookmarks checklist collections commands crawl data_models
  datamodels datatypesbnf default-mode default_entities deployment deploymentclient distsearch event_renderers eventdiscoverer eventtypes
  federated field_filters fields global-banner health indexes inputs instance.cfg launcher limits literals livetail macros messages
  metric_alerts metric_rollups multikv nav outputs passwords procmon-filters props pubsub regmon-filters restmap rolling_upgrade
  savedsearches searchbnf segmenters server serverclass serverclass.seed.xml setup source-classifier sourcetypes splunk-launch
  sysmon tags telemetry times transactiontypes transforms ui-prefs ui-tour user-prefs user-seed visualizations web web-features wmi
  workflow_actions workload_policy workload_pools workload_rules`
    .split(/\s+/)
    .filter((name) => name !== ""),
);
