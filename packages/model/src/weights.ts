// Parameters of a traced model by name: plain float32, or quantized (see quantize.ts for the names).
import { InvalidArgumentError } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { add, cast, linear, mul, quantizedLinear, reshape, take, type Tensor } from "@diffucoder/tensor";

type Weights = Readonly<ModelParameters<Tensor>>;

/** @throws {InvalidArgumentError} if there is no such parameter */
export function parameterOf(parameters: Weights, name: string): Tensor {
  const parameter = parameters[name];
  if (parameter === undefined)
    throw new InvalidArgumentError({ argument: `parameters[${JSON.stringify(name)}]`, value: parameter, expected: "a tensor" });
  return parameter;
}

/** `x W^T`, with the weight as it is there, and what an adapter adds (`adapters/lora.ts`). `x [..., in]` -> `[..., out]` */
export function project(parameters: Weights, name: string, x: Tensor): Tensor {
  const y = product(parameters, name, x);
  const path = name.slice(0, -".weight".length);
  const a = parameters[`${path}.lora_A.weight`];
  if (a === undefined) return y;
  const lowRank = linear(linear(x, a), parameterOf(parameters, `${path}.lora_B.weight`));
  return add(y, mul(lowRank, parameterOf(parameters, `${path}.lora_scaling`)));
}

function product(parameters: Weights, name: string, x: Tensor): Tensor {
  if (!isQuantized(parameters, name)) return linear(x, parameterOf(parameters, name));
  return quantizedLinear(x, { codes: parameterOf(parameters, `${name}.codes`), scales: parameterOf(parameters, `${name}.scales`) });
}

/** Rows of the table `[V, D]`. `ids [N]` -> `[N, D]` */
export function embed(parameters: Weights, name: string, ids: Tensor): Tensor {
  if (!isQuantized(parameters, name)) return take(parameterOf(parameters, name), ids);
  const codes = cast(take(parameterOf(parameters, `${name}.codes`), ids), "float32");
  return mul(codes, reshape(take(parameterOf(parameters, `${name}.scales`), ids), [...ids.shape, 1]));
}

/** Whether codes stand in the place of a weight. */
export function isQuantized(parameters: Weights, name: string): boolean {
  return parameters[`${name}.codes`] !== undefined;
}
