// Predicates: whether all, some or none of the elements meet a condition. A loop returns early.
import { type Choice, choice, present, type Value } from "../choice.ts";
import type { Family, Look } from "../family.ts";
import { listSlots } from "./lists.ts";

type Quantifier = Choice & { readonly early: (condition: string) => string; readonly found: string };

const quantifier = (name: string, phrases: string[], python: (inner: string) => string, of: (kept: number, all: number) => boolean): Choice =>
  choice(name, undefined, phrases, python, ([kept, all]: number[]) => of(kept!, all!));

const quantifiers: Quantifier[] = [
  {
    ...quantifier(
      "all",
      ["all", "each one"],
      (inner) => `all(${inner})`,
      (kept, all) => kept === all,
    ),
    early: (condition) => `not (${condition})`,
    found: "False",
  },
  {
    ...quantifier(
      "any",
      ["any", "at least one"],
      (inner) => `any(${inner})`,
      (kept) => kept > 0,
    ),
    early: (condition) => condition,
    found: "True",
  },
  {
    ...quantifier(
      "none",
      ["none", "not one"],
      (inner) => `not any(${inner})`,
      (kept) => kept === 0,
    ),
    early: (condition) => condition,
    found: "False",
  },
];

const [filters, maps] = listSlots;
const tests = present(filters);

function body(how: Quantifier, { condition, wanted, look }: { condition: string; wanted: string | undefined; look: Look }): string[] {
  const { style, elementName, resultName } = look;
  if (style !== "loop") {
    const inner = `${condition} for ${elementName} in xs${wanted === undefined ? "" : ` if ${wanted}`}`;
    if (style === "generator") return [`return ${how.python(inner)}`];
    return [`${resultName} = [${inner}]`, `return ${how.python(resultName)}`];
  }
  const test = how.early(condition);
  const both = wanted === undefined ? test : `${wanted} and ${test}`;
  return [`for ${elementName} in xs:`, `    if ${both}:`, `        return ${how.found}`, `return ${how.found === "True" ? "False" : "True"}`];
}

export const predicates: Family = {
  name: "predicates",
  parameters: ["xs"],
  slots: [quantifiers, filters, maps, tests],
  tier: ([, filter, map]) => (filter !== undefined && map !== undefined ? undefined : filter === undefined && map === undefined ? 1 : 2),
  run: ([how, filter, map, test], args) => {
    const kept = filter === undefined ? args[0]! : filter.apply(args[0]!, args);
    const changed = (map === undefined ? kept : map.apply(kept, args)) as readonly Value[];
    return how!.apply([(test!.apply(changed, args) as readonly Value[]).length, changed.length], args);
  },
  write: ([how, filter, map, test], { say, look }) => {
    const element = map === undefined ? look.elementName : `(${map.python(look.elementName)})`;
    const among = filter === undefined ? "the elements of xs" : `the elements of xs that ${say(filter)}`;
    return {
      subject: `whether ${say(how!)} of ${among}${map === undefined ? "" : `, ${say(map)},`} ${say(test!)}`,
      code: { body: body(how as Quantifier, { condition: test!.python(element), wanted: filter?.python(look.elementName), look }) },
    };
  },
};
