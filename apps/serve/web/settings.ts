// What a visitor sets, and the request that it makes.

export type Mode = "write" | "chat" | "fill";

/** How masks are decoded. Undefined: as the model has it. */
export interface Decoding {
  alg: string;
  temperature: number;
  /** Only for algorithms that take a number of steps. */
  steps: number;
  /** Only for `threshold`. */
  threshold: number;
  cache: "none" | "prefix" | "dual" | "delayed";
  constraint: "none" | "python" | "regex" | "json_schema";
  /** Of `regex`. */
  pattern: string;
  /** Of `json_schema`: JSON. */
  schema: string;
  /** Empty: a new one each time. */
  seed: string;
}

export interface Settings extends Decoding {
  mode: Mode;
  prompt: string;
  /** Code with marks for its holes. */
  template: string;
  compare: boolean;
  /** The second setting's own: the rest is as in the first. */
  otherAlg: string;
  otherThreshold: number;
}

/** Algorithms by name, and what each does first. */
export const ALGORITHMS: readonly (readonly [name: string, meaning: string])[] = [
  ["entropy", "lowest entropy first"],
  ["maskgit_plus", "highest probability first"],
  ["topk_margin", "largest margin first"],
  ["origin", "at random"],
  ["threshold", "all that are sure"],
  ["factor", "as many as are sure together"],
  ["remdm_rescale", "masks some again"],
  ["autoregressive", "left to right"],
];

/** Algorithms that take as many steps as they need. */
export function takesSteps(alg: string): boolean {
  return !["threshold", "factor", "autoregressive"].includes(alg);
}

/** Who said what. */
export interface Turn {
  role: "user" | "assistant";
  content: string;
}

/** The body for `/v1/denoise`. @param turns the conversation so far, for `chat` */
export function requestOf(settings: Settings, turns: readonly Turn[] = []): object {
  const { mode, alg, temperature, steps, threshold, cache, seed } = settings;
  return {
    ...inputOf(settings, turns),
    alg,
    temperature,
    provisional: true,
    ...(takesSteps(alg) && mode !== "fill" && { steps }),
    ...(alg === "threshold" && { threshold }),
    ...(cache !== "none" && { cache: { kind: cache } }),
    ...constraintOf(settings),
    ...(seed.trim() !== "" && { seed: Number(seed) }),
  };
}

function constraintOf({ constraint, pattern, schema }: Settings): object {
  switch (constraint) {
    case "none":
      return {};
    case "python":
      return { constraint };
    case "regex":
      return { regex: pattern };
    case "json_schema":
      return { response_format: { type: "json_schema", json_schema: { name: "answer", schema: parsed(schema) } } };
  }
}

/** What is no JSON goes to the server as it is, which says what is wrong with it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function inputOf({ mode, prompt, template }: Settings, turns: readonly Turn[]): object {
  const text = prompt.trim();
  if (mode === "chat") return { messages: [...turns, { role: "user", content: text }] };
  if (mode === "write") return { prompt: text };
  return { ...(text !== "" && { prompt: text }), template: piecesOf(template) };
}

/** The second of two settings that are compared. */
export function otherOf(settings: Settings): Settings {
  return { ...settings, alg: settings.otherAlg, threshold: settings.otherThreshold };
}

const MARK = /(<\|hole(?::[1-9]\d{0,3})?\|>)/;
const DEFAULT_MASKS = 8;

/** `"a<|hole:4|>b"` as `["a", { masks: 4 }, "b"]`: the marks of `diffucoder infill`. */
export function piecesOf(template: string): (string | { masks: number })[] {
  return template
    .split(MARK)
    .map((part, i) => (i % 2 === 0 ? part : { masks: Number(/\d+/.exec(part)?.[0] ?? DEFAULT_MASKS) }))
    .filter((part) => part !== "");
}
