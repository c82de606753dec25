import { expect, it } from "vitest";
import { spoken, visible, withoutFence } from "./code-text.ts";
import { eventMessages } from "./event-messages.ts";
import { nearestTasks, unknownWords } from "./knowledge.ts";
import { fromFragment, toFragment } from "./permalink.ts";
import { otherOf, piecesOf, requestOf, type Settings } from "./settings.ts";

const settings: Settings = {
  mode: "write",
  prompt: " Return x. ",
  template: "a<|hole:4|>b<|hole|>",
  compare: false,
  alg: "entropy",
  temperature: 0,
  steps: 8,
  threshold: 0.9,
  cache: "none",
  constraint: "none",
  pattern: "a+",
  schema: '{"type":"object"}',
  seed: "",
  otherAlg: "threshold",
  otherThreshold: 0.7,
};

it("asks for what was set, and for nothing that an algorithm does not read", () => {
  const base = { alg: "entropy", temperature: 0, provisional: true };
  expect(requestOf(settings)).toEqual({ ...base, prompt: "Return x.", steps: 8 });
  expect(requestOf({ ...settings, seed: "5", cache: "dual", constraint: "python" })).toMatchObject({
    seed: 5,
    cache: { kind: "dual" },
    constraint: "python",
  });
  expect(requestOf(otherOf(settings))).toEqual({ ...base, prompt: "Return x.", alg: "threshold", threshold: 0.7 });
  expect(requestOf({ ...settings, constraint: "regex" })).toMatchObject({ regex: "a+" });
  const format = { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } };
  expect(requestOf({ ...settings, constraint: "json_schema" })).toMatchObject({ response_format: format });
  const turns = [{ role: "user", content: "a" } as const];
  expect(requestOf({ ...settings, mode: "chat" }, turns)).toMatchObject({ messages: [...turns, { role: "user", content: "Return x." }] });
  expect(requestOf({ ...settings, mode: "fill", prompt: "" })).toEqual({ ...base, template: ["a", { masks: 4 }, "b", { masks: 8 }] });
});

it("cuts a text at its marks and nowhere else", () => {
  expect(piecesOf("<|hole|><|hol|><|hole:0|>")).toEqual([{ masks: 8 }, "<|hol|><|hole:0|>"]);
});

it("brings settings through an address, whatever stands in it", () => {
  const changed: Settings = { ...settings, prompt: "ä & b=c #1", compare: true, threshold: 0.25, mode: "fill" };
  expect(fromFragment(`#${toFragment(changed, settings)}`, settings)).toEqual(changed);
  expect(toFragment(settings, settings)).toBe("");
  expect(fromFragment("#mode=evil&threshold=x&steps=&__proto__=1&cache=all&nothing=1", settings)).toEqual(settings);
});

it("knows which words training never had, and which tasks are near", () => {
  expect(unknownWords("Is this a palindrome, a PALINDROME?", new Set(["is", "this", "a"]))).toEqual(["palindrome"]);
  const tasks = ["the sum of xs", "the even elements of xs", "the last of xs"].map((prompt) => ({ id: prompt, prompt }));
  expect(nearestTasks("which are even?", tasks, 1)).toEqual([tasks[1]]);
  expect(nearestTasks("the last of xs", tasks, 9)).not.toContain(tasks[2]);
});

it("reads events however they are cut, and skips comments", async () => {
  const text = ': ping\n\nid: 1\nevent: reveal\ndata: {"a":"\\n\\n: x"}\n\n: ping\n\ndata: 1\n\n';
  for (let size = 1; size < text.length; size += 7) {
    const seen: unknown[] = [];
    for await (const message of eventMessages(chunks(text, size))) seen.push(message);
    expect(seen).toEqual([
      { type: "reveal", data: { a: "\n\n: x" } },
      { type: "message", data: 1 },
    ]);
  }
});

async function* chunks(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}

it("shows the code without its fence, blanks as signs, and says them in words", () => {
  expect(withoutFence("```python\ndef f():\n    pass\n```\n")).toBe("def f():\n    pass\n");
  expect([withoutFence("```python\nx = 1\n"), withoutFence("x")]).toEqual(["x = 1\n", "x"]);
  expect(["", "\n", " a\t", " ".repeat(8)].map(visible)).toEqual(["end", "↵", "·a→", "·×8"]);
  expect(["", " \n", "  ", " ", " def"].map(spoken)).toEqual(["end of the answer", "line break", "2 blanks", "1 blank", "def"]);
});
