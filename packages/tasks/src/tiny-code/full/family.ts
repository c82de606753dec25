import type { Random } from "@diffucoder/core";
import type { Choice, Choices, Slot, Value } from "./choice.ts";

/** What a program is called with: a list of integers, a text, an integer from 0, or a small positive integer. */
export type Parameter = "xs" | "s" | "n" | "k";

/** How a solution is written: with a comprehension, a loop or a generator, or with a guard clause for the empty argument first. */
export type Style = "comprehension" | "loop" | "generator" | "guard";

/** Every style. */
export const STYLES = ["comprehension", "loop", "generator", "guard"] as const satisfies readonly Style[];

/** The choices that a solution makes and its prompt does not. */
export interface Look {
  readonly style: Exclude<Style, "guard">;
  /** Name of the result. */
  readonly resultName: string;
  /** Name of the element in a loop or comprehension. */
  readonly elementName: string;
}

/** What a family writes with. */
export interface Pen {
  /** A phrase of a choice. */
  readonly say: (one: Choice) => string;
  readonly look: Look;
  /** For what else a family draws; the prompt and the solution share it. */
  readonly random: Random;
}

/** A program as text. */
export interface Written {
  /** A noun phrase that says what the function returns. */
  readonly subject: string;
  /** Lines of the function's body, or the whole program. */
  readonly code: { readonly body: readonly string[] } | { readonly program: string };
  /** What the prompt says after the sentence. @default "" */
  readonly note?: string;
}

/** Programs of one form: a choice for each slot, as far as `tier` admits it. */
export interface Family {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly slots: readonly Slot[];
  /** Names of an element. @default x, n, v */
  readonly elementNames?: readonly string[];
  /** How hard it is, 1 to 5; undefined if the choices are no program. */
  tier(choices: Choices): number | undefined;
  run(choices: Choices, args: readonly Value[]): Value;
  write(choices: Choices, pen: Pen): Written;
  /** The family with the same programs, written in another order, and the same places in the splits. */
  readonly twin?: string;
}

/** Combinations of choices, admitted or not, by a number that counts the last slot fastest. */
export function choicesAt({ slots }: Family, index: number): Choices {
  const choices: (Choice | undefined)[] = Array.from({ length: slots.length });
  let rest = index;
  for (let i = slots.length - 1; i >= 0; i--) {
    const slot = slots[i]!;
    choices[i] = slot[rest % slot.length];
    rest = Math.floor(rest / slot.length);
  }
  return choices;
}

/** The programs of a family: the numbers of their combinations with their tiers, easy ones first. */
export function programsOf(family: Family): { index: number; tier: number }[] {
  const { slots } = family;
  const total = slots.reduce((product, slot) => product * slot.length, 1);
  const places = slots.map(() => 0);
  const choices = slots.map((slot) => slot[0]);
  const programs: { index: number; tier: number }[] = [];
  for (let index = 0; index < total; index++) {
    const tier = family.tier(choices);
    if (tier !== undefined) programs.push({ index, tier });
    for (let i = slots.length - 1; i >= 0; i--) {
      places[i] = (places[i]! + 1) % slots[i]!.length;
      choices[i] = slots[i]![places[i]!];
      if (places[i] !== 0) break;
    }
  }
  return programs.toSorted((a, b) => a.tier - b.tier);
}

/** Programs that differ from this one in one choice: the near misses that tests must tell from it. */
export function nearMissesOf(family: Family, choices: Choices): Choices[] {
  return family.slots.flatMap((slot, i) =>
    slot.flatMap((other) => {
      if (other === choices[i]) return [];
      const changed = choices.with(i, other);
      return family.tier(changed) === undefined ? [] : [changed];
    }),
  );
}
