/**
 * Whether weight decay applies to a parameter: to matrices, not to norm gains and biases, as everywhere since BERT. Those are
 * vectors, so that arrays of fewer than two axes do not decay under any name, nor do norms and biases of any shape.
 * Embeddings, heads and LoRA's factors are matrices, and decay.
 *
 * @param name of the parameter, parts separated by dots: `model.layers.0.input_layernorm.weight`
 */
export function decaysWeight(
  name: string,
  {
    shape,
  }: {
    /** Shape of the parameter. */
    shape: readonly number[];
  },
): boolean {
  return shape.length >= 2 && !/norm\.weight$|(^|\.)bias$/.test(name);
}
