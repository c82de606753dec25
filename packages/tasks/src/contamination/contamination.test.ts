import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasSharedBench, skipNote, testFolders } from "../shared-data.fixture.ts";
import { benchmarkGrams } from "./benchmark-grams.ts";
import { WordGrams } from "./word-grams.ts";

describe("WordGrams", () => {
  it("finds words in a row, whatever stands between them, worked by hand", () => {
    const grams = new WordGrams(3);
    grams.add("a", "return the sum of xs");
    grams.add("b", "the sum of all");
    expect(grams.overlap("def f(): RETURN(the, sum)")).toEqual({ name: "a", words: "return the sum" });
    expect(grams.overlap("sum of all")).toEqual({ name: "b", words: "sum of all" });
    expect(grams.overlap("the sum")).toBeUndefined();
    expect(grams.overlap("sum the of xs return")).toBeUndefined();
  });

  it("finds a text in any other that contains it", () => {
    const words = (length: number) => fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: length, maxLength: 8 });
    fc.assert(
      fc.property(words(4), words(0), words(0), (text, before, after) => {
        const grams = new WordGrams(4);
        grams.add("it", text.join(" "));
        expect(grams.overlap([...before, ...text, ...after].join("\n"))?.name).toBe("it");
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  it("refuses a size that is none", () => {
    expect(() => new WordGrams(0)).toThrow("size must be a positive integer, got 0.");
  });
});

it.runIf(hasSharedBench)(`benchmarkGrams knows a benchmark's prompts and solutions${skipNote}`, async () => {
  const grams = await benchmarkGrams(["humaneval", "mbpp"], { folders: testFolders() });
  const copied = "Check if in given list of numbers, are any two numbers closer to each other than given threshold.";
  expect(grams.overlap(`# ${copied}`)?.name).toBe("HumanEval/0");
  expect(
    grams.overlap("Write a function to find the shared elements from the given two lists. assert set(similar_elements((3, 4, 5, 6),(5, 7, 4, 10)))")
      ?.name,
  ).toBe("Mbpp/2");
  expect(grams.overlap("Return the sum of the elements of xs that are even, doubled.")).toBeUndefined();
});
