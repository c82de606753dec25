/** Texts as paths of a tree. Places are numbered so that a branch is a range, the root first. */
export interface TextTree {
  /** The place above each. */
  parents: Int32Array;
  /** The letter that leads to each from there. */
  letters: Int32Array;
  /** The first place behind the branch of each. */
  ends: Int32Array;
  /** The text that ends at each, -1 if none does. */
  texts: Int32Array;
}

interface Place {
  letter: number;
  text: number;
  branches: Map<number, Place>;
}

/** @param texts each a list of numbered letters; no two are the same */
export function textTree(texts: readonly (readonly number[])[]): TextTree {
  const root: Place = { letter: -1, text: -1, branches: new Map() };
  texts.forEach((letters, text) => {
    let at = root;
    for (const letter of letters) {
      const branch = at.branches.get(letter) ?? { letter, text: -1, branches: new Map() };
      at.branches.set(letter, branch);
      at = branch;
    }
    at.text = text;
  });
  const places: Place[] = [];
  const [parents, ends]: [number[], number[]] = [[], []];
  // Texts can be long, so the walk keeps its own stack: a place is on top once before its branches and once behind them.
  const open: { place: Place; parent: number; number?: number }[] = [{ place: root, parent: -1 }];
  while (open.length > 0) {
    const top = open.at(-1)!;
    if (top.number === undefined) {
      top.number = places.push(top.place) - 1;
      parents.push(top.parent);
      for (const place of [...top.place.branches.values()].toReversed()) open.push({ place, parent: top.number });
    } else {
      ends[top.number] = places.length;
      open.pop();
    }
  }
  return {
    parents: Int32Array.from(parents),
    letters: Int32Array.from(places, ({ letter }) => letter),
    ends: Int32Array.from(ends),
    texts: Int32Array.from(places, ({ text }) => text),
  };
}
