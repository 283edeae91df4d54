import { open } from "node:fs/promises";

/** The same numbers each time: a linear congruential generator. */
function createDice(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const startMs = Date.UTC(2024, 4, 1);
const linesAtOnce = 5000;

/** Writes a log as a busy server's sshd has it: one line in ten tells of a failed password, from 65,536 addresses. */
export async function makeSshdLog(path: string, bytes: number): Promise<void> {
  const dice = createDice();
  const handle = await open(path, "w");
  let seconds = 0;
  let written = 0;
  try {
    while (written < bytes) {
      let text = "";
      for (let n = 0; n < linesAtOnce; n += 1) {
        seconds += dice(10) === 0 ? 1 : 0;
        text += lineAt(seconds, dice);
      }
      await handle.write(text);
      written += text.length;
    }
  } finally {
    await handle.close();
  }
}

function lineAt(seconds: number, dice: (below: number) => number): string {
  const at = new Date(startMs + seconds * 1000).toUTCString();
  const head = `${at.slice(8, 11)} ${at.slice(5, 7).replace(/^0/, " ")} ${at.slice(17, 25)} web1 `;
  const pid = 1000 + dice(60_000);
  const port = 1024 + dice(60_000);
  const kind = dice(10);
  if (kind === 0) {
    const user = dice(2) === 0 ? "root" : "invalid user admin";
    return `${head}sshd[${pid}]: Failed password for ${user} from 198.18.${dice(256)}.${dice(256)} port ${port} ssh2\n`;
  }
  if (kind < 4) {
    return `${head}sshd[${pid}]: Accepted publickey for deploy from 10.0.0.${dice(256)} port ${port} ssh2: ED25519 SHA256:Xk1mUoQwbd7cH9n2yEwR5\n`;
  }
  return kind < 7
    ? `${head}sshd[${pid}]: pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)\n`
    : `${head}CRON[${pid}]: pam_unix(cron:session): session closed for user root\n`;
}
