import { type AlarmDesk, closeAlarm, openAlarm } from "./alarms.ts";
import { clearControl, readControls, writeControl } from "./controls-rows.ts";

/** The alarm's key: there is one at a time, however many blocks are held. */
const alarmKey = "limit";

/** Without a hit for so long, it is over also when nobody resumes. */
const quietMs = 60 * 60 * 1000;

export interface LimitHit {
  /** Which limit, as a sentence. */
  readonly reason: string;
  /** Decisions that it made wait for a person: 0 when one about the address waited already. */
  readonly held: number;
  readonly channels: readonly string[];
  readonly now: Date;
}

/** Notes that a limit was reached; the first time it raises the alarm. */
export async function noteLimit(desk: AlarmDesk, { reason, held, channels, now }: LimitHit): Promise<void> {
  const { db } = desk;
  const { limited } = await readControls(db);
  await writeControl(db, "limited", {
    since: limited?.since ?? now,
    reason: limited?.reason ?? reason,
    held: (limited?.held ?? 0) + held,
    lastAt: now,
  });
  if (limited === null) {
    await openAlarm(
      desk,
      {
        key: alarmKey,
        message: `New blocks wait for a person: ${reason}.`,
        advice:
          'Look at what is held: approve what is right and deny the rest, or release all with "portcullis resume".',
      },
      channels,
      now,
    );
  }
}

/** A block was placed: when no limit has been reached for long, all is well again. */
export async function endQuietLimit(desk: AlarmDesk, now: Date): Promise<void> {
  const { limited } = await readControls(desk.db);
  if (limited !== null && now.getTime() - limited.lastAt.getTime() >= quietMs) {
    await endLimit(desk, now);
  }
}

/** From now on nothing is said to be beyond a limit, until the next time. */
export async function endLimit(desk: AlarmDesk, now: Date): Promise<void> {
  if (await clearControl(desk.db, "limited")) {
    await closeAlarm(desk, alarmKey, now);
  }
}
