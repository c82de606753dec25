import { inspect } from "node:util";
import { InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { add, compile, constant, float32, gradients, referenceExecutor, type Tensor, valueAndGradient } from "./index.ts";

const options = { executor: referenceExecutor, name: "f" };
const wayOut = "While a function is traced its tensors have no numbers: compile it, call it with arrays, and read the result's data.";

describe("what a traced tensor cannot do", () => {
  const number = `tensor must be used with operations such as add, greater and where, not as a number or text in JavaScript, got "float32 [2]". ${wayOut}`;
  it.each<[string, (a: any) => unknown, string]>([
    ["a > 1", (a) => a > 1, number],
    ["a + 1", (a) => a + 1, number],
    ["-a", (a) => -a, number],
    ["text", (a) => `${a}`, number],
    ["JSON", (a) => JSON.stringify(a), number.replace("a number or text in JavaScript", "something that is written as JSON")],
    ["spreading", (a) => [...a], number.replace("a number or text in JavaScript", "something that is gone through element by element")],
  ])("is named: %s", async (_, use, message) => {
    const f = compile((a: Tensor) => {
      use(a);
      return a;
    }, options);
    await expect(f(float32([1, 2]))).rejects.toThrow(InvalidArgumentError);
    await expect(f(float32([1, 2]))).rejects.toThrow(message);
  });

  it("is shown in one line", () => {
    expect(inspect(add(float32([1, 2]), 1))).toBe("Tensor { float32 [2], add; without numbers until a compiled function runs }");
    expect(inspect({ a: constant(1) })).toBe("{\n  a: Tensor { float32 [], constant; without numbers until a compiled function runs }\n}");
  });
});

describe("what a traced function may not return", () => {
  const expected = "result of f must be a traced tensor, or plain objects and lists of them, got ";
  it.each<[string, () => unknown, string]>([
    ["a promise", async () => constant(1), `${expected}{}. A function is traced in one go: it must not be async.`],
    ["nothing", () => {}, `${expected}undefined. Make a constant of a number or an array with constant().`],
    ["a number", () => 3, `${expected}3. Make a constant of a number or an array with constant().`],
    ["no tensor", () => ({}), `${expected}{}. It has no tensor: return what is to be computed.`],
  ])("is named: %s", async (_, f, message) => {
    await expect(compile(f as () => Tensor, options)()).rejects.toThrow(message);
  });

  it("is named where a gradient is taken", async () => {
    const f = compile((a: Tensor) => valueAndGradient((async () => a) as never, a).gradient, options);
    await expect(f(float32([1]))).rejects.toThrow(
      "gradients: loss must be a traced tensor, got {}. A function is traced in one go: it must not be async.",
    );
    expect(() => gradients(3 as never, [])).toThrow("gradients: loss must be a traced tensor, got 3.");
  });
});

it("names a compiled function that is called while another is traced", async () => {
  const inner = compile((a: Tensor) => add(a, 1), options);
  await expect(inner(constant(1) as never)).rejects.toThrow(
    'argument of f must be an array, got "a traced tensor". Within a function that is traced call the plain function, not the compiled one.',
  );
});
