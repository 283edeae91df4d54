import type { ExtractConfig } from "../config/config.ts";

const internal = words("_* splunk_server*");

const ourMachines = words(`
  dest* dst* target* victim* answer* next_hop*
  host hostname orig_host server* *_server local* laddr listen* bind* vip*
  dvc* device* observer* agent* sensor* collector* forwarder* manager*
  *translated* nat_* *_nat_* proxy* gateway* gw* router* dns* nameserver* resolver*
`);

/** Through these an attacker could have somebody else blocked. */
const chosenByTheAttacker = words(`
  *forwarded* xff x_real_ip true_client_ip http_* url* uri* query*
  user username user_name *_user
`);

/** Their numbers only look like an address. */
const lookAlikes = words("*version* *mask*");

/** Where addresses of attackers, numbers of events and severities stand when nothing else is said. */
export const defaultExtract: ExtractConfig = {
  fields: words("src_ip src clientip client_ip source_ip remote_ip attacker_ip ip"),
  otherFields: true,
  neverFields: [...internal, ...ourMachines, ...chosenByTheAttacker, ...lookAlikes],
  countFields: words(`
    count event_count eventcount events num_events total_count
    attempts attempt_count failed_attempts tries
    failures failure_count failed_count fail_count
    hits requests request_count occurrences
  `),
  severityFields: words("severity urgency"),
};

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
