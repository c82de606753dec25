// Names of parameters in files of models that were saved through a wrapper. torch.compile, DataParallel and the like put a part
// into every name, "_orig_mod.model.norm.weight"; the bare transformer has no "model." in front. Both are read as the plain names.

/** Parts of a name that wrappers add, and whose they are. */
const wrappers: Readonly<Record<string, string>> = {
  _orig_mod: "torch.compile",
  module: "DataParallel",
  _fsdp_wrapped_module: "FSDP",
  _checkpoint_wrapped_module: "activation checkpointing",
};

/** The name that a parameter has without wrappers. */
export function plainName(name: string): string {
  const inner = name
    .split(".")
    .filter((part) => !Object.hasOwn(wrappers, part))
    .join(".")
    .replace(/^base_model\.model\./, "");
  return /^(embed_tokens|layers|norm)\./.test(inner) ? `model.${inner}` : inner;
}

/** What was left out of or put before names, for a person; `undefined` if nothing was. */
export function renamingNotice(names: Iterable<string>): string | undefined {
  for (const name of names) {
    const plain = plainName(name);
    if (plain === name) continue;
    const part = name.split(".").find((one) => Object.hasOwn(wrappers, one));
    const why = part === undefined ? "" : `, as ${wrappers[part]} saves it`;
    return `the file calls ${plain} ${name}${why}: such names were read as the plain ones`;
  }
  return undefined;
}

/**
 * What stands before every parameter's name, if one text does: of names that are expected and missing, each is there with it.
 *
 * @param missing names that are expected and not there
 * @param unexpected names that are there
 */
export function commonPrefix(missing: readonly string[], unexpected: readonly string[]): string | undefined {
  const [first] = missing;
  if (first === undefined) return undefined;
  const there = new Set(unexpected);
  for (const name of unexpected) {
    if (!name.endsWith(first) || name.length === first.length) continue;
    const prefix = name.slice(0, -first.length);
    if (missing.every((one) => there.has(prefix + one))) return prefix;
  }
  return undefined;
}
