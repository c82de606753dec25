import type { Family } from "./family.ts";
import { composed } from "./families/composed.ts";
import { conditionals } from "./families/conditionals.ts";
import { counting } from "./families/counting.ts";
import { integers } from "./families/integers.ts";
import { deepLists, lists } from "./families/lists.ts";
import { orderFamilies } from "./families/order.ts";
import { predicates } from "./families/predicates.ts";
import { strings } from "./families/strings.ts";
import { twoArguments } from "./families/two-arguments.ts";

/** All families, in the order in which they are placed: of two programs that behave alike the first stays. */
export const families: readonly Family[] = [
  lists,
  strings,
  integers,
  predicates,
  twoArguments,
  conditionals,
  counting,
  composed,
  ...orderFamilies,
  deepLists,
];

/** Their names. */
export const FAMILY_NAMES: readonly string[] = families.map(({ name }) => name);
