// Single kernels compared with the operations that they stand for, on ONNX Runtime. On one core (taskset -c 0) it is the processor's time,
// and not the clock's.
import { createRandom } from "@diffucoder/core";
import { sampleTokens } from "@diffucoder/samplers";
import { compile, type Executor, float32, int32, type NdArray, onnxExecutor, type Tensor } from "@diffucoder/tensor";
import { clock, extent, inTurns, measured, type Result } from "../measurement.ts";
import { productResults } from "./kernel-products.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "kernels";
const ROUNDS = 7;
const WORDS = 151_936;

type Filter = { topP: Tensor; topK: Tensor };

/** Matrix products, and the choice of tokens. */
export async function kernelsSuite(options: SuiteOptions): Promise<Result[]> {
  return [...(await productResults(SUITE, options.quick ? 1 : ROUNDS, options)), ...(await samplingResults(options))];
}

/** Tokens of a vocabulary as large as Qwen's: the likeliest, drawn from all, and drawn from what filters leave. */
async function samplingResults({ quick, say }: SuiteOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const rows of [1, 32]) {
    const logits = peakedLogits(rows, quick ? 1000 : WORDS);
    const each = (value: number): NdArray => float32(new Float32Array(rows).fill(value));
    const uniforms = float32(createRandom(2).fillUniform(new Float32Array(rows)));
    const filter = (topP: number, topK: number) => ({ topP: each(topP), topK: int32(new Int32Array(rows).fill(topK)) });
    for (const [name, temperature, kept] of [
      ["likeliest", 0, undefined],
      ["temperature 0.7", 0.7, undefined],
      ["temperature 0.7, top-p 0.95", 0.7, filter(0.95, logits.shape[1]!)],
      ["temperature 0.7, top-k 50", 0.7, filter(1, 50)],
    ] as const) {
      say(`${SUITE} ${name}, ${rows} rows ...`);
      const [ours, peer] = await Promise.all((["auto", "off"] as const).map(async (kernels) => sampler(await onnxExecutor({ kernels }))));
      const run = (sample: ReturnType<typeof sampler>) => () => clock(() => sample(logits, each(temperature), uniforms, ...(kept ? [kept] : [])));
      const times = await inTurns({ ours: run(ours!), peer: run(peer!) }, quick ? 1 : ROUNDS);
      results.push(
        measured({
          suite: SUITE,
          name: `${name}, ${rows} rows of ${logits.shape[1]} words`,
          ours: Math.min(...times.ours),
          spread: extent(times.ours),
          unit: "ms",
          peer: Math.min(...times.peer),
          peerSpread: extent(times.peer),
          peerName: "ONNX Runtime",
        }),
      );
      for (const sample of [ours!, peer!]) sample.dispose();
    }
  }
  return results;
}

function sampler(executor: Executor) {
  const sample = (logits: Tensor, temperature: Tensor, uniforms: Tensor, filter?: Filter) => {
    const { tokens, confidence } = sampleTokens(logits, { temperature, uniforms, filter });
    return { tokens, ...confidence };
  };
  return compile(sample, { executor });
}

/** A few words far above the others, as a trained model's are. */
function peakedLogits(rows: number, words: number): NdArray {
  const random = createRandom(1);
  const data = Float32Array.from({ length: rows * words }, () => {
    const u = random.uniform();
    return -12 + 3 * random.uniform() - 2 * Math.log(u + 1e-6);
  });
  return float32(data, [rows, words]);
}
