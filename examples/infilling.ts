// Infilling: the model sees the text after a hole as well as the text before it.
import { bundledModelDir, loadDiffuCoder } from "diffucoder";

const coder = await loadDiffuCoder(bundledModelDir());
const { middle, text } = await coder.infill({
  prompt: "Return the sum of the elements of xs that are even.",
  prefix: "```python\ndef f(xs):\n    return sum([n for n in xs",
  suffix: "])\n```\n",
  masks: 8,
});
console.log(`The hole: ${JSON.stringify(middle)}`);
console.log(text);
await coder.close();
