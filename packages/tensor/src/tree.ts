import { InvalidArgumentError } from "@diffucoder/core";

/** Plain nested objects and arrays with leaves of one kind. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [key: string]: Tree<Leaf> };

export interface FlatTree<Leaf> {
  leaves: Leaf[];
  /** Path of each leaf, e.g. `"layers.0.weight"`. */
  paths: string[];
}

/**
 * Leaves of a tree with their paths, in the order of arrays and of object keys as inserted.
 *
 * @param name what an error calls the tree. @default "argument"
 * @throws {InvalidArgumentError} if something in it is neither a leaf nor a plain object or list
 */
export function flattenTree<Leaf>(tree: Tree<Leaf>, isLeaf: (value: unknown) => value is Leaf, name = "argument"): FlatTree<Leaf> {
  const flat: FlatTree<Leaf> = { leaves: [], paths: [] };
  const visit = (node: unknown, path: string): void => {
    if (isLeaf(node)) {
      flat.leaves.push(node);
      flat.paths.push(path);
    } else if (Array.isArray(node)) node.forEach((inner, i) => visit(inner, join(path, i)));
    else if (isPlainObject(node)) for (const key in node) visit(node[key], join(path, key));
    else throw notATree(path, node, name);
  };
  visit(tree, "");
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

function join(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function notATree(path: string, value: unknown, name = "argument"): InvalidArgumentError {
  return new InvalidArgumentError({
    argument: path === "" ? name : `${name}, ${path}`,
    value,
    expected: "an array, a number, or plain objects and lists of them",
  });
}
