// Traces in a file: as `--trace` of a command wrote them, one after the other, or a line of JSON for each, with its task.
import { ConfigError, InvalidArgumentError } from "@diffucoder/core";
import { type DenoiseTrace, parseTrace, readTrace } from "@diffucoder/samplers";
import { decodingOrder } from "./decoding-order.ts";

/** A trace, and what it answers. */
export interface TraceRecord {
  /** Of what it answers: samples of one task have the same. */
  readonly taskId: string;
  /** Which of the task's samples, from 0. */
  readonly sampleIndex: number;
  /** What was revealed when. */
  readonly trace: DenoiseTrace;
}

interface Line {
  text: string;
  number: number;
  data: Readonly<Record<string, unknown>>;
}

/**
 * Reads the traces of a file of JSON lines. A line is `{ taskId, sampleIndex, trace }`, other keys are ignored; or it begins a trace as `formatTrace`
 * writes it, whose steps follow. Of the second kind, traces that begin with the same row are samples of one task.
 *
 * @param source where the text comes from, for errors
 * @throws {InvalidArgumentError} if there is no trace, a line is not JSON or has no trace, or two samples of a task differ in their masks
 * @throws {ConfigError} naming what is wrong with a trace
 */
export function readTraceRecords(text: string, source = "traces"): TraceRecord[] {
  const lines = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [lineOf(line, i + 1, source)]));
  if (lines.length === 0) throw new InvalidArgumentError({ argument: source, value: text, expected: "traces: lines of JSON", wayOut: WAY_OUT });
  const records: TraceRecord[] = [];
  const seen = new Map<string, { taskId: string; count: number }>();
  for (let i = 0; i < lines.length;) {
    const line = lines[i++]!;
    if ("trace" in line.data) {
      records.push(recordOf(line, source));
      continue;
    }
    if (!("initialIds" in line.data)) throw noTrace(line, source);
    const from = line.number;
    const steps: Line[] = [];
    while (i < lines.length && "step" in lines[i]!.data) steps.push(lines[i++]!);
    const trace = parseTrace([line, ...steps].map((one) => one.text).join("\n"), `${source}, trace from line ${from}`);
    const key = trace.initialIds.join();
    const task = seen.get(key) ?? { taskId: `row ${seen.size + 1}`, count: 0 };
    seen.set(key, { ...task, count: task.count + 1 });
    records.push({ taskId: task.taskId, sampleIndex: task.count, trace });
  }
  checkCanvases(records, source);
  return records;
}

const WAY_OUT = "generate --trace and analyze write them.";

function lineOf(text: string, number: number, source: string): Line {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError({ argument: `${source}, line ${number}`, value: text, expected: "JSON" });
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw noTrace({ text, number }, source);
  return { text, number, data: data as Line["data"] };
}

function noTrace({ text, number }: Pick<Line, "text" | "number">, source: string): InvalidArgumentError {
  return new InvalidArgumentError({ argument: `${source}, line ${number}`, value: text, expected: "a trace", wayOut: WAY_OUT });
}

function recordOf({ data: { taskId, sampleIndex, trace }, number }: Line, source: string): TraceRecord {
  const at = `${source}, line ${number}`;
  if (typeof taskId !== "string" || !Number.isSafeInteger(sampleIndex))
    throw new ConfigError({ source: at, problems: ["a trace needs taskId, a string, and sampleIndex, an integer"] });
  return { taskId, sampleIndex: sampleIndex as number, trace: readTrace(trace, at) };
}

/** Orders of other canvases cannot be compared, and what revealed nothing has none. */
function checkCanvases(records: readonly TraceRecord[], source: string): void {
  const masks = new Map<string, number>();
  for (const { taskId, sampleIndex, trace } of records) {
    const count = trace.initialIds.filter((id) => id === trace.maskTokenId).length;
    const first = masks.get(taskId) ?? count;
    masks.set(taskId, first);
    if (count !== first)
      throw new InvalidArgumentError({
        argument: `${source}, sample ${sampleIndex} of ${taskId}`,
        value: `${count} masks`,
        expected: `${first} masks, as the task's other samples have`,
        wayOut: "Analyze runs of different lengths one by one.",
      });
    if (decodingOrder(trace).steps.length === 0)
      throw new InvalidArgumentError({
        argument: `${source}, sample ${sampleIndex} of ${taskId}`,
        value: `${trace.steps.length} steps`,
        expected: "a trace that reveals a position",
      });
  }
}
