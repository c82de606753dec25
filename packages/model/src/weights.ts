// Parameters of a traced model by name: plain float32, or quantized (see quantize.ts for the names).
import { InvalidArgumentError } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { cast, linear, mul, quantizedLinear, reshape, take, type Tensor } from "@diffucoder/tensor";

type Weights = Readonly<ModelParameters<Tensor>>;

/** @throws {InvalidArgumentError} if there is no such parameter */
export function parameterOf(parameters: Weights, name: string): Tensor {
  const parameter = parameters[name];
  if (parameter === undefined)
    throw new InvalidArgumentError({ argument: `parameters[${JSON.stringify(name)}]`, value: parameter, expected: "a tensor" });
  return parameter;
}

/** `x W^T`, with the weight as it is there. `x [..., in]` -> `[..., out]` */
export function project(parameters: Weights, name: string, x: Tensor): Tensor {
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
