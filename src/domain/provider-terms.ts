/** What a rule may ask of a provider, by name. */
export interface ProviderTerms {
  /** E.g. `malicious`. */
  readonly numbers: readonly string[];
  /** E.g. `reported`: a rule asks for it as `reportedWithin`. */
  readonly times: readonly string[];
  /** Those numbers of which more is worse: a rule needs one of them, or it would hold for innocent addresses. */
  readonly accusing: readonly string[];
}

/** A provider of this version, whether configured or not. */
export interface KnownProvider {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly terms: ProviderTerms;
  /** The least and most that a rule may ask of a number, where that is not 1 and a million. */
  readonly bounds: Readonly<Record<string, readonly [least: number, most: number]>>;
}

/** Every provider and list that rules know, by name. */
export const knownProviders = {
  virustotal: {
    name: "virustotal",
    title: "VirusTotal",
    terms: {
      numbers: ["malicious", "suspicious", "harmless", "undetected", "reputation"],
      times: ["analysed"],
      accusing: ["malicious", "suspicious"],
    },
    // Votes of the community, which may be against it.
    bounds: { reputation: [-1_000_000, 1_000_000] },
  },
  abuseipdb: {
    name: "abuseipdb",
    title: "AbuseIPDB",
    terms: {
      numbers: ["score", "reports", "reporters"],
      times: ["reported"],
      accusing: ["score", "reports", "reporters"],
    },
    bounds: { score: [1, 100] },
  },
  greynoise: {
    name: "greynoise",
    title: "GreyNoise",
    // Each is 0 or 1.
    terms: { numbers: ["malicious", "noise"], times: ["seen"], accusing: ["malicious"] },
    bounds: { malicious: [1, 1], noise: [1, 1] },
  },
  "spamhaus-drop": {
    name: "spamhaus-drop",
    title: "Spamhaus DROP",
    terms: { numbers: ["listed"], times: [], accusing: ["listed"] },
    bounds: { listed: [1, 1] },
  },
} as const satisfies Readonly<Record<string, KnownProvider>>;
