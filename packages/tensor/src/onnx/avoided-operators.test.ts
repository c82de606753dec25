import { expect, it } from "vitest";
import { traceGraph } from "../compile.ts";
import { spread } from "../gradient-check.fixture.ts";
import { logSoftmax } from "../index.ts";
import { OnnxBuilder } from "./builder.ts";
import { emitWith } from "./emit.ts";

it("writes log-softmax in parts for a runtime that has it on another device only", async () => {
  const graph = await traceGraph(logSoftmax, [spread([2, 3])]);
  const operators = (avoids: readonly string[]): string[] => {
    const model = Buffer.from(emitWith(new OnnxBuilder({ avoids: new Set(avoids) }), graph, {})).toString("latin1");
    return ["LogSoftmax", "ReduceMax", "Exp", "ReduceSum", "Log"].filter((name) => new RegExp(`\\b${name}\\b`).test(model));
  };
  expect(operators([])).toEqual(["LogSoftmax"]);
  expect(operators(["LogSoftmax"])).toEqual(["ReduceMax", "Exp", "ReduceSum", "Log"]);
});
