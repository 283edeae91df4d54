export interface Listening {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
}

/** `http://192.0.2.1:8080`. @param hostForAny stands for a receiver that listens on every address */
export function receiverUrl({ isTls, host, port }: Listening, hostForAny: string): string {
  const shown = host === "0.0.0.0" || host === "::" ? hostForAny : host;
  return `${isTls ? "https" : "http"}://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
