// The types of compiled functions and of gradients. `pnpm typecheck` is what fails; a line under `@ts-expect-error` must not compile.
import { describe, expectTypeOf, it } from "vitest";
import { valueAndGradient } from "./autodiff.ts";
import { type ArgumentsOf, compile, type CompiledFunction, type Concrete } from "./compile.ts";
import type { NdArray } from "./nd-array.ts";
import type { Tensor } from "./tensor.ts";

// Types and not interfaces, which have no index signature and are therefore no trees.
type Layer = { weight: Tensor; bias: Tensor };
type Weights = { readonly layers: readonly Layer[]; scale: Tensor };

declare const layers: CompiledFunction<[weights: Weights, batch: { inputs: Tensor }], { loss: Tensor; kept: readonly [Tensor, Tensor] }>;
declare const weights: Weights;

describe("the types of compile", () => {
  it("put arrays or numbers where the traced function has tensors, however deep", () => {
    type Arguments = Parameters<typeof layers>;
    expectTypeOf<Arguments[0]["layers"][number]["weight"]>().toEqualTypeOf<NdArray | number>();
    expectTypeOf<Arguments[0]["scale"]>().toEqualTypeOf<NdArray | number>();
    expectTypeOf<Arguments[1]>().toEqualTypeOf<{ readonly inputs: NdArray | number }>();
    expectTypeOf<ArgumentsOf<[Tensor, Record<string, Tensor>]>>().toEqualTypeOf<[NdArray | number, { readonly [name: string]: NdArray | number }]>();
  });

  it("give arrays where the traced function gives tensors, writable, in the same form", () => {
    type Result = Awaited<ReturnType<typeof layers>>;
    expectTypeOf<Result["loss"]>().toEqualTypeOf<NdArray>();
    expectTypeOf<Result["kept"]>().toEqualTypeOf<[NdArray, NdArray]>();
    expectTypeOf<Concrete<Tensor>>().toEqualTypeOf<NdArray>();
    expectTypeOf<Concrete<Weights>["layers"]>().toEqualTypeOf<{ weight: NdArray; bias: NdArray }[]>();
    expectTypeOf<Concrete<Record<string, Tensor>>>().toEqualTypeOf<{ [name: string]: NdArray }>();
  });

  it("are inferred from the function alone", () => {
    const norm = compile((x: Tensor, { scale }: { scale: Tensor }) => ({ x, scaled: [scale] as const }));
    expectTypeOf(norm).parameters.toEqualTypeOf<[x: NdArray | number, { readonly scale: NdArray | number }]>();
    expectTypeOf(norm).returns.resolves.toEqualTypeOf<{ x: NdArray; scaled: [NdArray] }>();
    norm.dispose();
  });

  it("refuse what is missing, of another type or too much", () => {
    const refused = (array: NdArray, tensor: Tensor): unknown[] => [
      // @ts-expect-error the batch is missing
      () => layers({ layers: [], scale: array }),
      // @ts-expect-error a traced tensor is no argument
      () => layers({ layers: [], scale: tensor }, { inputs: array }),
      // @ts-expect-error one key too many
      () => layers({ layers: [], scale: array }, { inputs: array, labels: array }),
      // @ts-expect-error a list of numbers is no array
      () => layers({ layers: [{ weight: [1], bias: 1 }], scale: 1 }, { inputs: array }),
      // @ts-expect-error a compiled function gives an object or a tensor
      () => compile((x: Tensor) => x.shape.length),
    ];
    expectTypeOf(refused).returns.items.toBeUnknown();
  });
});

describe("the types of valueAndGradient", () => {
  it("keep the form of the parameters and of the value", () => {
    const gradientOf = () => valueAndGradient(({ scale }: Weights) => ({ loss: scale, others: { kl: scale } }), weights);
    type Both = ReturnType<typeof gradientOf>;
    expectTypeOf<Both["gradient"]>().toEqualTypeOf<Weights>();
    expectTypeOf<Both["value"]>().toEqualTypeOf<{ loss: Tensor; others: { kl: Tensor } }>();
    expectTypeOf(valueAndGradient<Tensor, Tensor>).returns.toEqualTypeOf<{ value: Tensor; gradient: Tensor }>();
  });

  it("refuse a loss without a scalar to differentiate, and parameters that are no tensors", () => {
    const refused = (tensor: Tensor): unknown[] => [
      // @ts-expect-error there is no loss
      () => valueAndGradient((w: Tensor) => ({ value: w }), tensor),
      // @ts-expect-error numbers have no gradient
      () => valueAndGradient((_: { rate: number }) => tensor, { rate: 1 }),
    ];
    expectTypeOf(refused).returns.items.toBeUnknown();
  });
});
