// The command `models`: what is known of published models, without a network.
import type { Terminal } from "@diffucoder/command-line";
import { decodingText, KNOWN_MODELS, scoresText } from "@diffucoder/engine";
import type { Command } from "commander";

/** Adds the command to `diffucoder`. */
export function addModelsCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command("models")
    .description("lists published models that load here: size, licence, decoder and settings, published scores")
    .option("--json", "print as JSON")
    .allowExcessArguments(false)
    .action(({ json }: { json?: boolean }) => terminal.out(json === true ? JSON.stringify(listed()) : table()));
}

function listed() {
  return KNOWN_MODELS.map((known) => ({ ...known, decoding: decodingText(known) }));
}

function table(): string {
  const entries = KNOWN_MODELS.map((known) =>
    [
      known.name,
      `  ${known.billions} billion weights; ${known.family}; licence: ${known.licence}${known.note === undefined ? "" : `; ${known.note}`}`,
      `  decoded with ${decodingText(known)}`,
      `  HumanEval / MBPP: ${scoresText(known)}; checked on ${known.checkedOn}`,
    ].join("\n"),
  );
  return [...entries, "", FOOT].join("\n");
}

const FOOT = `Scores are percentages as others publish them. "Checked on random weights": network, decoder and tokenizer were compared with the
published code, and nobody has tried the published weights here. diffucoder chat OWNER/NAME downloads a model and talks to it;
diffucoder eval --model OWNER/NAME --dataset humaneval --output DIR measures it beside its published score.`;
