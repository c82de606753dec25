import { createRandom } from "@diffucoder/core";
import type { QuickstartReportData } from "./report-data.ts";

/** Invented figures of a plausible run, for tests and for viewing the page. */
export function sampleReportData({ iterationCount = 120, seed = 3 }: { iterationCount?: number; seed?: number } = {}): QuickstartReportData {
  const random = createRandom(seed);
  const iterations = Array.from({ length: iterationCount }, (_, i) => {
    const done = i / iterationCount;
    return {
      step: i + 1,
      reward: 0.9 + 0.5 * done + 0.12 * random.normal(),
      codeReward: 0.35 + 0.2 * done + 0.05 * random.normal(),
      formatReward: Math.min(1, 0.93 + 0.05 * done + 0.02 * random.normal()),
      kl: Math.abs(0.002 * (1 + (i % 40) / 8) + 0.002 * random.normal()),
      completionLength: 41 - 4 * done + random.normal(),
      clipRatio: Math.abs(0.01 + 0.004 * random.normal()),
      gradNorm: i === 30 ? Number.NaN : 0.4 + 0.1 * Math.abs(random.normal()),
      loss: 0.0006 * random.normal(),
      secondsPerIteration: 2.4 + 0.1 * random.uniform(),
    };
  });
  const tokens = [
    "def",
    " f",
    "(",
    "xs",
    "):",
    "\n",
    "   ",
    " out",
    " =",
    " []",
    "\n",
    "   ",
    " for",
    " x",
    " in",
    " xs",
    ":",
    "\n",
    "       ",
    " if",
    " x",
    " %",
    " 2",
    " ==",
    " 0",
    ":",
    "\n",
    "           ",
    " out",
    ".append",
    "(",
    "x",
    " *",
    " x",
    ")",
    "\n",
    "   ",
    " return",
    " sum",
    "(",
    "out",
    ")",
    "\n",
    "<|endoftext|>",
  ];
  const steps = 22;
  const order = random.shuffle(tokens.map((_, i) => i));
  const stepOf = tokens.map((_, i) => Math.floor(((0.7 * i + 0.3 * order[i]!) / tokens.length) * steps));
  const prompt = "Write a function f(xs) that returns the sum of the squares of the elements of xs that are even.\n\n>>> f([1, 2, 3, 4])\n20";
  const text = tokens.slice(0, -1).join("");
  return {
    title: "DiffuCoder quickstart: coupled-GRPO on TinyCode",
    seed: 42,
    passAt1: {
      before: 0.312,
      after: 0.4255,
      difference: 0.1135,
      interval95: [0.071, 0.157],
      beforeInterval95: [0.258, 0.368],
      afterInterval95: [0.367, 0.486],
    },
    passAtK: {
      k: 8,
      comparison: {
        before: 0.52,
        after: 0.565,
        difference: 0.045,
        interval95: [-0.005, 0.095],
        beforeInterval95: [0.45, 0.59],
        afterInterval95: [0.495, 0.635],
      },
    },
    tasks: 200,
    samplesPerTask: 8,
    seconds: 582,
    infrastructureFailures: 2,
    iterations,
    examples: [
      {
        prompt,
        text,
        passed: true,
        verdicts: [
          { args: "[1, 2, 3, 4]", expected: "20", got: "20", verdict: "passed" },
          { args: "[]", expected: "0", got: "0", verdict: "passed" },
          { args: "[-2, 7, 0, 11, 4, 100, -31, 8, 12, 5, 6, 1, 2, 3]", expected: "10284", got: "10284", verdict: "passed" },
        ],
        before: {
          text: "def f(xs):\n    return sum(xs)\n",
          passed: false,
          verdicts: [{ args: "[1, 2, 3, 4]", expected: "20", got: "10", verdict: "wrong" }],
        },
        reveal: { tokens, stepOf, confidence: tokens.map(() => 0.5 + 0.5 * random.uniform()), steps },
      },
      {
        prompt: "Write a function f(xs) that returns the list of xs without duplicates, reversed.",
        text: "def f(xs):\n    out = []\n    for x in xs:\n        if x not in out:\n            res.append(x)\n    return out[::-1]\n",
        passed: false,
        verdicts: [
          { args: "[1, 1, 2]", expected: "[2, 1]", got: "NameError: name 'res' is not defined", verdict: "error" },
          { args: "[]", expected: "[]", got: "[]", verdict: "passed" },
        ],
      },
      {
        prompt: "Write a function f(xs) that returns the largest element of xs, or 0 if there is none.",
        text: "def f(xs):\n    return max(xs, default=0)\n",
        passed: true,
        verdicts: [{ args: "[3, 9, 2]", expected: "9", got: "9", verdict: "passed" }],
      },
    ],
    settings: {
      model: "tinycode-3m (2.9M parameters, bf16)",
      iterations: iterationCount,
      "completions per iteration": 64,
      "group size": 8,
      "learning rate": 0.0001,
      "KL weight beta": 0.01,
      temperature: 1.2,
      "denoising steps": 22,
    },
    environment: { node: "v20.20.2", processor: "2 cores, x64", "onnxruntime-node": "1.30.0", sandbox: "bubblewrap + seccomp" },
    reproduce: ["npm start -- --seed 42 --fresh"],
    next: [
      "Run another seed: `npm start -- --seed 43 --fresh`.",
      "Type prompts into the playground: `npm run serve`.",
      "Train the base model yourself: `npm start -- --from-scratch`.",
    ],
  };
}
