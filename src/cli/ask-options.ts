/** What every command takes that asks the receiver. */
export interface AskOptions {
  /** Print the answer as JSON. */
  readonly json?: true;
  /** Another receiver than the one configured here. */
  readonly url?: string;
}
