// The record of a denoising run: what was revealed when, and how sure the model was. One line of JSON for the run and
// one for each step, so that a trace can be written while it happens and read by anything.
import { InvalidArgumentError } from "@diffucoder/core";

/** One denoising step of one row. Positions count from the first column of the sequence. */
export interface TraceStep {
  step: number;
  positions: number[];
  tokens: number[];
  confidence: number[];
  /** Nats. */
  entropy: number[];
  /** Forward passes so far. */
  forwardPasses: number;
  /** Positions that were committed as padding behind an end token, without a proposal of their own. */
  filled?: number[];
}

export interface DenoiseTrace {
  /** Tokens before the first step: padding, prompt and masks. */
  initialIds: number[];
  maskTokenId: number;
  /** Token that `filled` positions receive. */
  padTokenId?: number;
  steps: TraceStep[];
}

/** The sequence after every step. */
export function replayTrace({ initialIds, padTokenId, steps }: DenoiseTrace): number[][] {
  const current = [...initialIds];
  return steps.map(({ positions, tokens, filled = [] }) => {
    positions.forEach((position, i) => (current[position] = tokens[i] as number));
    for (const position of filled) current[position] = padTokenId as number;
    return [...current];
  });
}

/** JSON lines: the run, then its steps. */
export function formatTrace({ steps, ...run }: DenoiseTrace): string {
  return [run, ...steps].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** @throws {InvalidArgumentError} naming the line that is not JSON */
export function parseTrace(text: string): DenoiseTrace {
  const [run, ...steps] = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      try {
        return JSON.parse(line);
      } catch {
        throw new InvalidArgumentError({ argument: `trace, line ${i + 1}`, value: line, expected: "JSON" });
      }
    });
  return { ...run, steps };
}
