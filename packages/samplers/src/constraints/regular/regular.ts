// Regular languages as trees: what regular expressions and JSON schemas are made into before they become an automaton.

/** Code points from the first to the last, both included. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

/** A set of texts. */
export type Regular =
  | { readonly kind: "one of"; readonly points: CodePoints }
  | { readonly kind: "sequence"; readonly parts: readonly Regular[] }
  | { readonly kind: "choice"; readonly options: readonly Regular[] }
  | { readonly kind: "repeat"; readonly item: Regular; readonly min: number; readonly max: number; readonly between: Regular };

/** The empty text alone. */
export const EMPTY: Regular = { kind: "sequence", parts: [] };

/** No text at all. */
export const NOTHING: Regular = { kind: "choice", options: [] };

export const LAST_CODE_POINT = 0x10_ff_ff;

export function oneOf(points: CodePoints): Regular {
  const sorted = union(points);
  return sorted.length === 0 ? NOTHING : { kind: "one of", points: sorted };
}

export function sequence(...parts: readonly Regular[]): Regular {
  if (parts.includes(NOTHING)) return NOTHING;
  const all = parts.flatMap((part) => (part.kind === "sequence" ? part.parts : [part]));
  return all.length === 1 ? all[0]! : { kind: "sequence", parts: all };
}

export function choice(options: readonly Regular[]): Regular {
  const all = options.flatMap((option) => (option.kind === "choice" ? option.options : [option]));
  if (all.length === 0) return NOTHING;
  return all.length === 1 ? all[0]! : { kind: "choice", options: all };
}

/** From `min` to `max` times, `max` infinite or not, with `between` between two. */
export function repeat(item: Regular, { min = 0, max = Infinity, between = EMPTY }: { min?: number; max?: number; between?: Regular } = {}): Regular {
  if (max < min || (item === NOTHING && min > 0)) return NOTHING;
  if (max === 0 || item === NOTHING || item === EMPTY) return EMPTY;
  return min === 1 && max === 1 ? item : { kind: "repeat", item, min, max, between };
}

export function optional(item: Regular): Regular {
  return repeat(item, { max: 1 });
}

/** This text alone. */
export function literal(text: string): Regular {
  return sequence(
    ...Array.from(text, (character): Regular => {
      const point = character.codePointAt(0)!;
      return oneOf([[point, point]]);
    }),
  );
}

/** Sorted, without overlaps. */
export function union(points: CodePoints): CodePoints {
  const merged: [number, number][] = [];
  for (const [first, last] of [...points].sort(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** All other code points. */
export function complement(points: CodePoints): CodePoints {
  const others: [number, number][] = [];
  let next = 0;
  for (const [first, last] of union(points)) {
    if (first > next) others.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST_CODE_POINT) others.push([next, LAST_CODE_POINT]);
  return others;
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return complement([...complement(a), ...complement(b)]);
}

/** What `map` makes of each set of code points, in the same order and number. */
export function mapCodePoints(regular: Regular, map: (points: CodePoints) => Regular): Regular {
  const inner = (part: Regular): Regular => mapCodePoints(part, map);
  switch (regular.kind) {
    case "one of":
      return map(regular.points);
    case "sequence":
      return sequence(...regular.parts.map(inner));
    case "choice":
      return choice(regular.options.map(inner));
    case "repeat":
      return repeat(inner(regular.item), { min: regular.min, max: regular.max, between: inner(regular.between) });
  }
}
