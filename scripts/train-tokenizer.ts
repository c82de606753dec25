// Trains the small model's vocabulary on renderings of TinyCode's training split:
//   train-tokenizer VOCAB_SIZE OUTPUT
import { writeFileAtomic } from "@diffucoder/core";
import { completionText, exampleStream } from "@diffucoder/tasks";
import { SPECIAL_TOKENS, trainBpe } from "@diffucoder/tokenizer";

const [vocabSize = "512", output = "tokenizer.json"] = process.argv.slice(2);
const example = exampleStream({ tiers: { 1: 1, 2: 2, 3: 3 }, seed: 0 });

function* texts(): Generator<string> {
  for (let i = 0; i < 20_000; i++) {
    const { prompt, solution } = example(i);
    yield `user\n${prompt}`;
    yield `\nassistant\n`;
    yield completionText(solution);
  }
}

const file = trainBpe({ texts: texts(), vocabSize: Number(vocabSize), specialTokens: Object.values(SPECIAL_TOKENS) });
writeFileAtomic(output, `${JSON.stringify(file)}\n`);
