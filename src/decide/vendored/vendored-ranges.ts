/** The networks of a CDN as they came with this version of the program. */
export interface VendoredRanges {
  /** As in the settings. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** The day of this copy: a list that was confirmed later is newer. */
  readonly asOf: Date;
  readonly networks: readonly string[];
}
