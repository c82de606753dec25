import fc from "fast-check";
import { expect, it } from "vitest";
import { textTree } from "./text-tree.ts";

it("numbers places from the left, a branch as a range, by hand", () => {
  // "", "01", "02", "3":  root - 0 - (1, 2), root - 3
  const { parents, letters, ends, texts } = textTree([[], [0, 1], [3], [0, 2]]);
  expect([...parents]).toEqual([-1, 0, 1, 1, 0]);
  expect([...letters]).toEqual([-1, 0, 1, 2, 3]);
  expect([...ends]).toEqual([5, 4, 3, 4, 5]);
  expect([...texts]).toEqual([0, -1, 1, 3, 2]);
});

it("holds every text as the letters from the root to its place, and no other", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.array(fc.nat(3), { maxLength: 6 }), { selector: (text) => text.join() }), (texts) => {
      const tree = textTree(texts);
      const lettersTo = (place: number): number[] => (place === 0 ? [] : [...lettersTo(tree.parents[place]!), tree.letters[place]!]);
      const found = [...tree.texts.keys()].filter((place) => tree.texts[place] !== -1);
      expect(found.map((place) => [tree.texts[place]!, lettersTo(place)]).sort(([a], [b]) => Number(a) - Number(b))).toEqual([...texts.entries()]);
      for (const place of tree.parents.keys()) expect(tree.ends[place]).toBeGreaterThan(place);
    }),
  );
});
