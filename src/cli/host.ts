/** The process, as the commands see it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly hostname: string;
  readonly pid: number;
  readonly isRoot: boolean;
  /** The Node.js that runs this program. */
  readonly nodePath: string;
  /** Aborts on SIGTERM and SIGINT. */
  readonly stopSignal: AbortSignal;
  readonly stdin: NodeJS.ReadableStream;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Somebody watches what goes to `err`: progress may be drawn there. */
  readonly isErrTerminal?: boolean;
  /** Called with what nobody caught, before the process ends with code 1. */
  readonly onCrash: (listener: (error: Error) => void) => void;
}

/** 0: done. 1: wrong configuration, or it failed. 2: the receiver, Splunk or the firewall host can't be reached. */
export type ExitCode = 0 | 1 | 2;
