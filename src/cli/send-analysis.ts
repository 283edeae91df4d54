import type { LogFinding } from "../ingest/logs/count-window.ts";
import type { Analysis } from "./analysis.ts";
import type { Sender } from "./send-findings.ts";
import { wrongArgument } from "./wrong-argument.ts";

/**
 * Sends what was found, unless the format that found it was only guessed: in a line of any program an attacker may have put another's
 * address where `generic` looks for it, so a person has to say that the format is right.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function sendAnalysis(
  sender: Sender,
  analysis: Analysis,
  findings: readonly LogFinding[],
): Promise<void> {
  const isGuess = analysis.rules.format === null;
  const guessed = analysis.logs.find(({ reading }) => isGuess && reading.format?.name === "generic");
  if (guessed !== undefined && findings.length > 0) {
    throw wrongArgument(
      `nothing was sent: ${guessed.name} is of no format that is known, and a guess must block nobody. When what was found is right, say --format generic.`,
    );
  }
  await sender.send(analysis.searchName(), analysis.identity(), findings);
}
