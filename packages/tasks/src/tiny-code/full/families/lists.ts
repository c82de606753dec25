// Lists: filter, map, transform, aggregate over xs, each optional; the grammar of TinyCode's first tiers, and its depth 4.
import { operations } from "../../operations.ts";
import { applyAll, choiceOf, countOf, type Slot } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf, subjectOf } from "../list-body.ts";

const slotOf = (slot: keyof typeof operations): Slot => [undefined, ...operations[slot].map(choiceOf)];

/** The slots of a list pipeline, each of which may stay empty. */
export const listSlots: readonly [filter: Slot, map: Slot, transform: Slot, aggregate: Slot] = [
  slotOf("filter"),
  slotOf("map"),
  slotOf("transform"),
  slotOf("aggregate"),
];

export const lists: Family = {
  name: "lists",
  parameters: ["xs"],
  slots: listSlots,
  tier: (choices) => {
    const depth = countOf(choices);
    return depth === 0 || depth > 3 ? undefined : depth;
  },
  run: (choices, args) => applyAll(choices, args[0]!, args),
  write: ([filter, map, transform, aggregate], pen) => ({
    subject: subjectOf({ filter, changes: [map, transform], aggregate }, pen),
    code: { body: returnOf(bodyOf({ filter, maps: [map], whole: [transform, aggregate], look: pen.look })) },
  }),
};

/** Pipelines that fill every slot: longer than any that is trained on. */
export const deepLists: Family = { ...lists, name: "deep-lists", tier: (choices) => (countOf(choices) === 4 ? 4 : undefined) };
