import { messageOf } from "../domain/errors.ts";
import type { Alarm, IntelProvider, Log } from "../ports.ts";

export type RaisedAlarm = Pick<Alarm, "key" | "message" | "advice">;

/** Where alarms go. Saying one twice must do no harm: after a start nobody here knows which are open. */
export interface AlarmDeps {
  readonly onAlarm: (alarm: RaisedAlarm) => Promise<void>;
  readonly onAlarmEnd: (key: string) => Promise<void>;
  readonly log: Log;
}

/** What people must hear about one provider. */
export interface ProviderAlarms {
  readonly keyRefused: (reason: string) => Promise<void>;
  readonly keyWorks: () => Promise<void>;
  /** Addresses wait, and the budget is spent for hours. @param until null: nobody knows */
  readonly budgetSpent: (reason: string, waiting: number, until: Date | null) => Promise<void>;
  readonly budgetIsBack: () => Promise<void>;
  /** It answers, but with nothing of use, whoever is asked about. */
  readonly answersUseless: (reason: string) => Promise<void>;
  readonly answersAreGood: () => Promise<void>;
}

/** Tells each thing once until it is over. Never rejects: what could not be told is told next time. */
export function createProviderAlarms(
  { name, title }: Pick<IntelProvider, "name" | "title">,
  deps: AlarmDeps,
): ProviderAlarms {
  const key = createSwitch(`provider-key ${name}`, deps);
  const quota = createSwitch(`provider-quota ${name}`, deps);
  const answers = createSwitch(`provider-answers ${name}`, deps);
  return {
    keyRefused: (reason) =>
      key.raise(
        `${title} is not asked any more: ${sentence(reason)}`,
        `Put a valid key into ${name.toUpperCase()}_API_KEY and restart; until then the key is tried once an hour.`,
      ),
    keyWorks: () => key.end(),
    budgetSpent: (reason, waiting, until) =>
      quota.raise(
        `${title} can't be asked about ${waiting} waiting address${waiting === 1 ? "" : "es"}: ${sentence(reason)}`,
        `${until === null ? "It is tried every 15 minutes" : `It goes on at ${until.toISOString()}`}, the most urgent first; a larger plan, or fewer searches that alert, prevents it.`,
      ),
    budgetIsBack: () => quota.end(),
    answersUseless: (reason) =>
      answers.raise(
        `${title} refuses or garbles every question: ${sentence(reason)}`,
        `See whether ${name.toUpperCase()}_URL is right and no proxy stands between; until then it is tried every 15 minutes, and addresses wait for it.`,
      ),
    answersAreGood: () => answers.end(),
  };
}

/** Reasons come from many places: some end with a stop. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

interface Switch {
  readonly raise: (message: string, advice: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

function createSwitch(key: string, { onAlarm, onAlarmEnd, log }: AlarmDeps): Switch {
  let told: "nothing" | "raised" | "ended" = "nothing";
  const tell = async (next: "raised" | "ended", work: () => Promise<void>): Promise<void> => {
    if (told === next) {
      return;
    }
    const before = told;
    told = next; // before it is done: others must not tell it meanwhile
    try {
      await work();
    } catch (error) {
      told = before;
      log.error({ alarm: key, error: messageOf(error) }, "alarm could not be kept, will be tried again");
    }
  };
  return {
    raise: (message, advice) => tell("raised", () => onAlarm({ key, message, advice })),
    end: () => tell("ended", () => onAlarmEnd(key)),
  };
}
