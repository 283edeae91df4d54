import type { Alert, Sighting } from "../domain/alert.ts";
import type { Activity, Decision, DecisionInputs, Mode } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { Candidate } from "../domain/look-up.ts";
import type { BlastLimits, Policy } from "../domain/policy.ts";
import type { Severity } from "../domain/severity.ts";
import type { AddressFacts, Confirmation, ExtractedAlert, Log, Neighbours, Store } from "../ports.ts";

/** What the stages are, to the pipeline. */
export interface PipelineDeps {
  readonly store: Pick<
    Store,
    | "claimAlerts"
    | "recordSightings"
    | "failAlert"
    | "claimSightings"
    | "postponeSighting"
    | "parkSighting"
    | "failSighting"
    | "factsOf"
    | "awaited"
    | "holds"
    | "neighbours"
    | "recordDecision"
  >;
  readonly extract: (alert: Alert) => readonly Sighting[];
  /** What follows from an alert beside its sightings. */
  readonly followUp: (alert: Alert) => ExtractedAlert;
  /** Rows of an alert are to be fetched now: Splunk keeps them for minutes only. */
  readonly onRecoveryWanted: () => void;
  /** What Splunk says of an alert; null: none needs to be confirmed. */
  readonly confirmationOf: ((alertId: string) => Promise<Confirmation>) | null;
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: (ip: IpAddress) => string | null;
  /** Why an address that would be blocked is a crawler that must not be, or null. Asks name servers; never rejects. */
  readonly confirmCrawler: (ip: IpAddress, signal: AbortSignal) => Promise<string | null>;
  readonly enrich: Enrich;
  /** Names of the providers, each with a queue of its own. */
  readonly providers: readonly string[];
  /** Whose answer could still change what is decided. */
  readonly openProviders: (question: OpenQuestion) => Open;
  readonly decide: (question: Question) => Decision;
  /** How alerts of a search are handled. @param wanted askedMode: the mode that the alert asks for */
  readonly planOf: (wanted: { readonly searchName: string | null; readonly askedMode: Mode | null }) => Plan;
  /** The windows, in seconds, in which the policies count events. */
  readonly windows: readonly number[];
  /** True when a block may drop more than this address alone. */
  readonly mayAggregate: (ip: IpAddress, policy: Policy) => boolean;
  readonly blockNetwork: (ip: IpAddress, policy: Policy, neighbours: Neighbours) => BlockNetwork;
  readonly limits: BlastLimits;
  readonly channels: readonly string[];
  /** A decision was committed that firewalls or people must hear of. */
  readonly onDecided: (decision: Decision) => void;
  /** True while deliveries queue up: accepting goes before processing, because only what is accepted is safe. */
  readonly isCrowded: () => boolean;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** How alerts of a search are handled. */
export interface Plan {
  /** Groups of firewalls; null: all. */
  readonly groups: readonly string[] | null;
  /** The names of those in them; none where nothing is enforced. */
  readonly firewalls: readonly string[];
  readonly mode: Mode;
  /** Set where the mode is what the alert asks for, and not what the settings say. */
  readonly askedMode: Mode | null;
  readonly policy: Policy;
  /** For alerts whose rows say nothing; null: nobody has said. */
  readonly severity: Severity | null;
}

/** What a block drops, and why it is more than the address alone. */
export interface BlockNetwork {
  readonly prefix: IpPrefix;
  readonly reason: string | null;
}

interface Enrich {
  /** What lists on this machine say; costs nothing. */
  readonly local: (ip: IpAddress) => readonly Finding[];
  /** Asks these providers as far as they may be asked now. Never rejects but for the store. */
  readonly ask: (ip: IpAddress, providers: readonly string[], signal: AbortSignal) => Promise<Asked>;
  /** Asks what waits for one provider, most urgent first. @returns milliseconds until the next step is useful */
  readonly workQueue: (provider: string, work: QueueWork) => Promise<number>;
}

export interface Asked {
  readonly findings: readonly Finding[];
  /** Those that could not be asked, with the reason. */
  readonly waiting: readonly {
    readonly provider: string;
    readonly reason: string;
    readonly retryAt: Date | null;
    /** `busy`: others are being asked, or go first; that is soon over. */
    readonly kind: "busy" | "quota" | "unavailable" | "key";
  }[];
}

export interface QueueWork {
  /** Those of the addresses about which the provider must still be asked. */
  readonly wanted: (candidates: readonly Candidate[]) => Promise<ReadonlySet<IpAddress>>;
  readonly signal: AbortSignal;
}

export interface OpenQuestion {
  readonly ip: IpAddress;
  readonly policy: Policy;
  readonly findings: readonly Finding[];
  readonly activity: readonly Activity[];
  readonly now: Date;
}

export interface Open {
  /** Names of providers. */
  readonly open: readonly string[];
  /** Those of them that could only bring hints: asked, but not waited for. */
  readonly forHints: readonly string[];
  /** Providers whose answer could change it too, but that fail about this address again and again. */
  readonly failed: readonly string[];
  /** How near what is known comes to a block: 0 to 1. */
  readonly closeness: number;
}

export interface Question {
  readonly alertId: string;
  readonly ip: IpAddress;
  readonly findings: readonly Finding[];
  readonly mode: Mode;
  readonly policy: Policy;
  readonly protectedReason: string | null;
  readonly standing: AddressFacts["standing"];
  readonly offences: AddressFacts["offences"];
  readonly inputs: Omit<DecisionInputs, "offences">;
  /** Nobody is waited for any more. */
  readonly isFinal: boolean;
  /** Why its alert is not known to be genuine; null: it is, or need not be. */
  readonly doubt: string | null;
  readonly now: Date;
}
