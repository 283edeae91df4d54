/** What came through the stock webhook. Its token is in Splunk's own log, so such an alert may be anybody's. */
export const fromWebhook = "splunk-webhook";

/** What came signed, from our own alert action or another program that knows the secret. */
export const fromAction = "splunk-action";

/** The other rows of an alert that came with the first one. */
export const fromRows = "splunk-rows";

/** Rows of an alert that never came. */
export const fromRecovery = "splunk-recovered";

/** The name under which our app's set-up page sends its test, which is no search. */
export const testSearch = "Portcullis test";
