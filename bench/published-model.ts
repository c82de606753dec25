// A process of its own for a checkpoint of a published model's size: loads it, takes a few denoising steps, and prints what that
// took as JSON. Arguments: the folder, "int8" or "int4" (empty: as the files hold it), and the number of steps.
import { loadDiffuCoder } from "diffucoder";

/** What the process prints. */
export interface PublishedModelRun {
  loadSeconds: number;
  /** Largest resident set after loading, bytes; after the last step, `peakBytes`. */
  loadedBytes: number;
  peakBytes: number;
  promptTokens: number;
  /** The first step compiles the network. */
  stepSeconds: number[];
}

const PROMPT_TOKENS = 128;
const NEW_TOKENS = 256;

const [folder, method, steps] = process.argv.slice(2) as [string, string, string];
const peak = (): number => 1024 * process.resourceUsage().maxRSS;
const seconds = (since: number): number => (performance.now() - since) / 1e3;

let since = performance.now();
const coder = await loadDiffuCoder(folder, { quantize: method === "int8" || method === "int4" ? method : "none" });
const [loadSeconds, loadedBytes] = [seconds(since), peak()];

const stepSeconds: number[] = [];
let promptTokens = 0;
since = performance.now();
for await (const event of coder.stream({ prompt: promptOf(PROMPT_TOKENS), maxNewTokens: NEW_TOKENS, steps: Number(steps), alg: "entropy" })) {
  if (event.type === "layout") promptTokens = event.promptTokens;
  if (event.type !== "reveal") continue;
  stepSeconds.push(seconds(since));
  since = performance.now();
}
process.stdout.write(JSON.stringify({ loadSeconds, loadedBytes, peakBytes: peak(), promptTokens, stepSeconds } satisfies PublishedModelRun));

/** A request that is so many tokens long in the chat template, or a little longer. */
function promptOf(tokens: number): string {
  let prompt = "Write a function that returns the running median of a list of numbers.";
  while (coder.tokenizer.encodeChat([{ role: "user", content: prompt }]).length < tokens) prompt += " sorted";
  return prompt;
}
