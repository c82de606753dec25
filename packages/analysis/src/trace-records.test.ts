import { type DenoiseTrace, formatTrace } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { readTraceRecords } from "./trace-records.ts";

const step = { positions: [1], tokens: [5], confidence: [0.5], entropy: [0.1], forwardPasses: 1 };
const trace: DenoiseTrace = {
  initialIds: [7, 9, 9],
  maskTokenId: 9,
  steps: [
    { step: 0, ...step },
    { step: 1, ...step, positions: [2], forwardPasses: 2 },
  ],
};
const other: DenoiseTrace = { ...trace, initialIds: [8, 9, 9] };
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe("readTraceRecords", () => {
  it("reads a line for each trace, whatever else stands on it", () => {
    const text = line({ taskId: "a", sampleIndex: 0, text: "def", trace }) + "\n" + line({ taskId: "a", sampleIndex: 1, trace });
    expect(readTraceRecords(text)).toEqual([
      { taskId: "a", sampleIndex: 0, trace },
      { taskId: "a", sampleIndex: 1, trace },
    ]);
  });

  it("reads files of generate --trace one after the other; equal rows are samples of one task", () => {
    const text = formatTrace(trace) + formatTrace(other) + formatTrace(trace);
    expect(readTraceRecords(text).map(({ taskId, sampleIndex }) => [taskId, sampleIndex])).toEqual([
      ["row 1", 0],
      ["row 2", 0],
      ["row 1", 1],
    ]);
    expect(readTraceRecords(text)[1]!.trace).toEqual(other);
  });

  it.each([
    ["", 'traces must be traces: lines of JSON, got "". generate --trace and analyze write them.'],
    ["{\n", 'traces, line 1 must be JSON, got "{".'],
    ["[1]\n", 'traces, line 1 must be a trace, got "[1]". generate --trace and analyze write them.'],
    [
      line({ taskId: "a", text: "a sample" }),
      'traces, line 1 must be a trace, got "{\\"taskId\\":\\"a\\",\\"text\\":\\"a sample\\"}". generate --trace and analyze write them.',
    ],
    [line({ sampleIndex: 0, trace }), "Invalid traces, line 1:\n  - a trace needs taskId, a string, and sampleIndex, an integer"],
    [
      line({ taskId: "a", sampleIndex: 0, trace: { ...trace, maskTokenId: "9" } }),
      'Invalid traces, line 1:\n  - maskTokenId: must be a number, got "9"',
    ],
    [
      line({ taskId: "a", sampleIndex: 0, trace }) + line({ taskId: "a", sampleIndex: 1, trace: { ...trace, initialIds: [7, 9] } }),
      'traces, sample 1 of a must be 2 masks, as the task\'s other samples have, got "1 masks". Analyze runs of different lengths one by one.',
    ],
    [formatTrace({ ...trace, steps: [] }), 'traces, sample 0 of row 1 must be a trace that reveals a position, got "0 steps".'],
  ])("refuses %j with one sentence", (text, message) => {
    expect(() => readTraceRecords(text)).toThrow(message);
  });
});
