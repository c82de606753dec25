import { compile, type Executor, float32, matmul, type Tensor } from "@diffucoder/tensor";

const ROWS = 512;
const WIDTH = 1024;
const ROUNDS = 5;

/** Floating-point operations a second that a matrix product reaches here: the best of a few, which take less than a second. */
export async function productRate(executor: Executor, { now = () => performance.now() }: { now?: () => number } = {}): Promise<number> {
  const product = compile(({ x, w }: Record<"x" | "w", Tensor>) => ({ y: matmul(x, w) }), { name: "product-rate", executor });
  const inputs = { x: ones([ROWS, WIDTH]), w: ones([WIDTH, WIDTH]) };
  let best = Number.POSITIVE_INFINITY;
  try {
    await product(inputs); // compiles
    for (let round = 0; round < ROUNDS; round++) {
      const started = now();
      await product(inputs);
      best = Math.min(best, now() - started);
    }
  } finally {
    product.dispose();
  }
  return (2 * ROWS * WIDTH * WIDTH) / (best / 1000);
}

function ones(shape: [number, number]): ReturnType<typeof float32> {
  return float32(new Float32Array(shape[0] * shape[1]).fill(1), shape);
}
