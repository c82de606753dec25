// A constraint: in whatever order tokens appear, the answer's brackets and strings are closed and its blocks indented.
import { createRandom } from "@diffucoder/core";
import { automatonConstraint, constrain, generate, parallelDecoder, ParallelOptionsSchema, pythonAutomaton } from "@diffucoder/samplers";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";

const coder = await loadDiffuCoder(bundledModelDir());
const { tokenizer } = coder;
const automaton = pythonAutomaton({ maxDepth: 2, indentation: 4 });
const constraint = automatonConstraint({
  automaton,
  vocabSize: coder.config.vocabSize,
  tokenText: (id) => (tokenizer.hasToken(id) && !tokenizer.isSpecial(id) ? tokenizer.decode([id]) : undefined),
  eosTokenIds: [...coder.endIds],
});

// Hot enough for the model alone to write nonsense.
const decoder = constrain(parallelDecoder(ParallelOptionsSchema.parse({ rule: "threshold", threshold: 0.5, temperature: 2 })), constraint);
const { completionIds, ends } = await generate({
  denoiser: coder.denoiser,
  decoder,
  promptIds: [tokenizer.encodeChat([{ role: "user", content: "Return the sum of the elements of xs that are even." }])],
  promptLength: coder.generationConfig.promptLength,
  maxNewTokens: 32,
  random: createRandom(0),
  padTokenId: coder.padTokenId,
  eosTokenIds: [...coder.endIds],
});
const text = tokenizer.decode(completionIds[0]!.slice(0, ends[0]));
console.log(text);
const end = Array.from(text).reduce<string | undefined>((state, character) => state && automaton.next(state, character), automaton.start);
console.log(end !== undefined && automaton.accepts(end) ? "It keeps to the constraint." : "It does not keep to the constraint.");
await coder.close();
