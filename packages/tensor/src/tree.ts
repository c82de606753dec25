import { InvalidArgumentError } from "@diffucoder/core";

/** Plain nested objects and arrays with leaves of one kind. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [key: string]: Tree<Leaf> };

export interface FlatTree<Leaf> {
  leaves: Leaf[];
  /** Path of each leaf, e.g. `"layers.0.weight"`. */
  paths: string[];
}

/** Leaves of a tree with their paths, in the order of arrays and of object keys as inserted. */
export function flattenTree<Leaf>(tree: Tree<Leaf>, isLeaf: (value: unknown) => value is Leaf): FlatTree<Leaf> {
  const flat: FlatTree<Leaf> = { leaves: [], paths: [] };
  visit(tree, isLeaf, "", (leaf, path) => {
    flat.leaves.push(leaf);
    flat.paths.push(path);
  });
  return flat;
}

/** A tree of the same form with other leaves. */
export function mapTree<Leaf, Result>(
  tree: Tree<Leaf>,
  isLeaf: (value: unknown) => value is Leaf,
  map: (leaf: Leaf, path: string) => Result,
  path = "",
): Tree<Result> {
  if (isLeaf(tree)) return map(tree, path);
  if (Array.isArray(tree)) return tree.map((inner, i) => mapTree(inner, isLeaf, map, join(path, i)));
  if (isPlainObject(tree)) {
    return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [key, mapTree(inner, isLeaf, map, join(path, key))]));
  }
  throw notATree(path, tree);
}

function visit<Leaf>(tree: unknown, isLeaf: (value: unknown) => value is Leaf, path: string, onLeaf: (leaf: Leaf, path: string) => void): void {
  if (isLeaf(tree)) onLeaf(tree, path);
  else if (Array.isArray(tree)) tree.forEach((inner, i) => visit(inner, isLeaf, join(path, i), onLeaf));
  else if (isPlainObject(tree)) for (const key in tree) visit(tree[key], isLeaf, join(path, key), onLeaf);
  else throw notATree(path, tree);
}

function join(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function notATree(path: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError({
    argument: path === "" ? "argument" : path,
    value,
    expected: "an array, a number, or plain objects and lists of them",
  });
}
