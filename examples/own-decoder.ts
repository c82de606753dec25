// A decoder of your own: each step commits the surest quarter of the masks that are left, so 32 tokens take 10 passes and not 32.
import { generate, revealDecoder } from "@diffucoder/samplers";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";

const surestQuarter = revealDecoder({
  draw: { temperature: 0, confidence: "entropy" },
  rule: {
    choose: ({ confidence }, { left }) => {
      const surestFirst = [...confidence.keys()].sort((a, b) => confidence[b]! - confidence[a]!);
      return surestFirst.slice(0, Math.ceil(left / 4));
    },
    maxSteps: ({ maskCount }) => maskCount,
  },
});

const coder = await loadDiffuCoder(bundledModelDir());
const { completionIds, ends, forwardPasses } = await generate({
  denoiser: coder.denoiser,
  decoder: surestQuarter,
  promptIds: [coder.tokenizer.encodeChat([{ role: "user", content: "Return the sum of the elements of xs that are even." }])],
  promptLength: coder.generationConfig.promptLength,
  maxNewTokens: 32,
  padTokenId: coder.padTokenId,
  eosTokenIds: [...coder.endIds],
});
console.log(coder.tokenizer.decode(completionIds[0]!.slice(0, ends[0])));
console.log(`${forwardPasses} forward passes`);
await coder.close();
