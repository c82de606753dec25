// MBPP+ keeps its inputs as JSON, which has no tuples, sets and complex numbers. This table says what the inputs of each task stand for, as in
// EvalPlus 0.3.1, `evalplus/data/mbpp.py`. The functions' own contracts (`assert isinstance(...)`) check this table in the tests.
import type { PythonValue } from "@diffucoder/reward-sandbox";

type Arguments = readonly PythonValue[];
type Convert = (value: PythonValue) => PythonValue;

const tuple: Convert = (value) => (Array.isArray(value) ? { tuple: value } : value);
const listOf =
  (convert: Convert): Convert =>
  (value) =>
    Array.isArray(value) ? value.map(convert) : value;
const tupleOf =
  (convert: Convert): Convert =>
  (value) =>
    tuple(listOf(convert)(value));
const asIs: Convert = (value) => value;
const deepTuple: Convert = (value) => (Array.isArray(value) ? { tuple: value.map(deepTuple) } : value);
/** A list stands for a set, an empty one for an empty dict. */
const setOrDict: Convert = (value) => (Array.isArray(value) && value.length > 0 ? { set: value } : { dict: [] });
const float: Convert = (value) => (typeof value === "number" ? { float: value.toFixed(1) } : typeof value === "string" ? { float: value } : value);
const dictOf =
  (convert: Convert): Convert =>
  (value) =>
    typeof value === "object" && value !== null && "dict" in value ? { dict: value.dict.map(([key, item]) => [key, convert(item)]) } : value;

/** `complex("1e-100+2j")`, `complex(1)`. */
const complex: Convert = (value) => {
  const text = String(typeof value === "object" && value !== null && "float" in value ? value.float : value).replace(/^\(|\)$/g, "");
  if (!text.endsWith("j")) return { complex: [text, "0.0"] };
  const [, real = "", imaginary = ""] = /^(.*?)([-+]?[\d.]*(?:e[-+]?\d+)?)j$/.exec(text) ?? [];
  return { complex: [real === "" ? "0.0" : real, (/\d/.test(imaginary) ? imaginary : `${imaginary}1`).replace(/^\+/, "")] };
};

/** Every argument alike. */
const all =
  (convert: Convert) =>
  (args: Arguments): Arguments =>
    args.map(convert);
/** One for each argument; arguments beyond the list stay as they are. */
const each =
  (...converts: Convert[]) =>
  (args: Arguments): Arguments =>
    args.map((value, i) => (converts[i] ?? asIs)(value));

const RULES: readonly (readonly [ids: readonly number[], rule: (args: Arguments) => Arguments])[] = [
  [[2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809], all(tuple)],
  [[63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780], all(listOf(tuple))],
  [[75, 413, 444, 753], each(listOf(tuple))],
  [[106, 750], each(asIs, tuple)],
  [[115], each(listOf(setOrDict))],
  [[124], each(float, complex)],
  [[250, 405, 446, 617, 720, 763, 808, 307], each(tuple)],
  [[259, 401, 445], all(tupleOf(tuple))],
  [[278], each(tupleOf(tuple))],
  [[722], each(dictOf(tuple))],
  [[252], each(complex)],
  [[580, 615, 791], all(deepTuple)],
];

const RULE_OF: ReadonlyMap<string, (args: Arguments) => Arguments> = new Map(
  RULES.flatMap(([ids, rule]) => ids.map((id) => [`Mbpp/${id}`, rule] as const)),
);

/** Arguments of one call as the task's function takes them. */
export function mbppArguments(taskId: string, args: Arguments): Arguments {
  return RULE_OF.get(taskId)?.(args) ?? args;
}
