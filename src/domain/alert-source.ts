/** What came through the stock webhook. Its token is in Splunk's own log, so such an alert may be anybody's. */
export const fromWebhook = "splunk-webhook";

/** The other rows of an alert that came with the first one. */
export const fromRows = "splunk-rows";

/** Rows of an alert that never came. */
export const fromRecovery = "splunk-recovered";
