/** A plan large enough for all trials; nothing is downloaded, and no name server is asked, because none may be in reach. */
export const benchSettings = {
  providers: {
    virustotal: { perMinute: 100_000, perDay: 1_000_000, perMonth: 10_000_000 },
    abuseipdb: { perDay: 1_000_000 },
  },
  lists: { spamhausDrop: false, abuseipdbBlacklist: false },
  protection: { crawlers: [] },
};
