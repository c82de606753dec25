// Which programs of the full TinyCode are meant, and a fair draw among them: each test set, each family and each of its tiers alike, or tiers by their
// shares.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { families, FAMILY_NAMES } from "./families.ts";
import type { Family } from "./family.ts";
import { FULL_SPLITS, type FullSplit, placesOf, TEST_SETS } from "./places.ts";

/** Which programs are meant. */
export interface FullSelection {
  /** Names of `FAMILY_NAMES`. @default all */
  families?: readonly string[] | undefined;
  /** Tiers to draw from, 1 to 5, each with its share. @default every tier of a family alike */
  tiers?: Readonly<Record<string, number>> | undefined;
  /** The part; `"test"` is all test sets alike. */
  split: FullSplit | "test";
}

/** Programs of one family, tier and part. */
export interface Pool {
  readonly family: Family;
  readonly split: FullSplit;
  readonly tier: number;
  /** Share of the draw. */
  readonly weight: number;
  /** Numbers of their combinations. */
  readonly indexes: Uint32Array;
}

/** @throws {InvalidArgumentError} for an unknown family, or if nothing is selected */
export function poolsOf({ families: names = FAMILY_NAMES, tiers, split }: FullSelection): Pool[] {
  const unknown = names.find((name) => !FAMILY_NAMES.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError({ argument: "families", value: unknown, expected: `names of ${FAMILY_NAMES.join(", ")}` });
  const splits = split === "test" ? TEST_SETS : [split];
  const chosen = families.filter(({ name }) => names.includes(name));
  const pools = splits.flatMap((part) => chosen.flatMap((family) => poolsOfFamily(family, part)));
  const ofTier = (tier: number, part: FullSplit): number => pools.filter((pool) => pool.tier === tier && pool.split === part).length;
  const ofFamily = ({ family, split: part }: Omit<Pool, "weight">): number =>
    pools.filter((pool) => pool.family === family && pool.split === part).length;
  const ofPart = (part: FullSplit): number => new Set(pools.filter((pool) => pool.split === part).map(({ family }) => family)).size;
  const weighed = pools.map((pool): Pool => {
    const weight = tiers === undefined ? 1 / (ofFamily(pool) * ofPart(pool.split)) : (tiers[pool.tier] ?? 0) / ofTier(pool.tier, pool.split);
    return { ...pool, weight };
  });
  const used = weighed.filter(({ weight }) => weight > 0);
  if (used.length > 0) return used;
  const wanted = [
    tiers === undefined ? "no program" : `no program of the tiers ${Object.keys(tiers).join(", ")}`,
    ...(names === FAMILY_NAMES ? [] : [`of ${names.join(", ")}`]),
  ];
  const message = `split ${split} has ${wanted.join(" ")}.`;
  throw new InvalidArgumentError({ argument: "split", value: split, expected: "a part with programs of the families and tiers", message });
}

function poolsOfFamily(family: Family, split: FullSplit): Omit<Pool, "weight">[] {
  if ((family.name === "deep-lists") !== (split === "test-depth")) return []; // spares placing the largest family
  const { indexes, tiers, splits } = placesOf(family);
  const wanted = FULL_SPLITS.indexOf(split);
  const byTier = new Map<number, number[]>();
  for (let i = 0; i < indexes.length; i++) {
    if (splits[i] !== wanted) continue;
    const tier = tiers[i]!;
    if (!byTier.has(tier)) byTier.set(tier, []);
    byTier.get(tier)!.push(indexes[i]!);
  }
  return [...byTier].map(([tier, list]) => ({ family, split, tier, indexes: Uint32Array.from(list) }));
}

/** A pool by its weight. */
export function drawPool(pools: readonly Pool[], random: Random): Pool {
  let point = random.uniform() * pools.reduce((sum, { weight }) => sum + weight, 0);
  return pools.find(({ weight }) => (point -= weight) < 0) ?? pools.at(-1)!;
}
