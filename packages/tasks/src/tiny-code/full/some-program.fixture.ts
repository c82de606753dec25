import type { Random } from "@diffucoder/core";
import type { Choices } from "./choice.ts";
import { choicesAt, type Family } from "./family.ts";

/** A program of a family, drawn without a list of all of them. */
export function someProgram(family: Family, random: Random): Choices {
  const total = family.slots.reduce((product, slot) => product * slot.length, 1);
  for (;;) {
    const choices = choicesAt(family, random.integer(0, total));
    if (family.tier(choices) !== undefined) return choices;
  }
}
