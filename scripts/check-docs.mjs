// What an editor shows on hover: every export of the packages has a doc comment, and so has every option that a user can
// pass to one: each field of the types of its parameters and of its methods' parameters, however deep. So has each field of an exported type.
//
// `.describe()` is never shown, and a comment on a key of `z.strictObject({ ... })` only inside this repository: declaration
// files drop it. Options that a schema reads are therefore written down as an interface, to which the schema is held by
// `satisfies z.ZodType<Output, Input>` and here: a schema `FooSchema` and an exported type `Foo` have the same keys.
import { join } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, SignatureKind, SymbolFlags } from "typescript/unstable/sync";
import { root, workspacePackages } from "./workspace.mjs";

/** Types that hold what is made of a schema's data, under the schema's name. */
const RESOLVED = new Set(["GenerateSettings", "GenerationConfig"]);

/** Names of packages to look at. @default all */
const names = process.argv.slice(2);
/** Its options are still being cut; its exports are held to this page when they are. */
const UNDER_CONSTRUCTION = new Set(["@diffucoder/recipes"]);
const held = workspacePackages().filter(
  ({ name, folder }) => folder.startsWith("packages/") && !UNDER_CONSTRUCTION.has(name) && (names.length === 0 || names.includes(name)),
);
const api = new API({ cwd: root });
let missing = 0;
for (const { name, folder } of held) {
  const problems = undocumented(folder);
  for (const problem of problems) process.stderr.write(`check-docs: ${name}: ${problem}\n`);
  missing += problems.length;
}
api.close();
if (missing === 0) process.stdout.write(`check-docs: every export and option of ${held.length} packages has a doc comment\n`);
process.exitCode = missing === 0 ? 0 : 1;

function undocumented(folder) {
  const configFile = join(root, folder, "tsconfig.json");
  const { checker, program } = api.updateSnapshot({ openProjects: [configFile] }).getProject(configFile);
  const source = join(root, folder, "src");
  const problems = new Set();
  const seen = new Set();
  const entry = checker.getSymbolAtLocation(program.getSourceFile(join(source, "index.ts")));
  const exports = new Map(checker.getExportsOfModule(entry).map((symbol) => [symbol.name, target(symbol)]));
  for (const [name, symbol] of exports) {
    if (!isOwn(symbol)) continue;
    if (docOf(symbol) === "") problems.add(`${name} has no doc comment`);
    if (symbol.flags & SymbolFlags.Value) checkValue(checker.getTypeOfSymbol(symbol), name);
    if (symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class)) checkMembers(checker.getDeclaredTypeOfSymbol(symbol), name);
    if (symbol.flags & SymbolFlags.TypeAlias) checkFields(checker.getDeclaredTypeOfSymbol(symbol), name);
    if (name.endsWith("Schema")) checkSchema(name);
  }
  return [...problems];

  function target(symbol) {
    return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  /** A function or a class. */
  function checkValue(type, path) {
    for (const kind of [SignatureKind.Call, SignatureKind.Construct]) {
      for (const signature of checker.getSignaturesOfType(type, kind)) checkParameters(signature, path);
    }
  }

  /** What a user reads of an object or calls on it, or implements. */
  function checkMembers(type, path) {
    for (const property of checker.getPropertiesOfType(type)) {
      if (!isOwn(property) || isPrivate(property)) continue;
      const [name, its] = [`${path}.${property.name}`, checker.getTypeOfSymbol(property)];
      checkField(property, name);
      checkFields(its, name);
      for (const signature of checker.getSignaturesOfType(its, SignatureKind.Call)) checkParameters(signature, name);
    }
  }

  function checkParameters(signature, path) {
    for (const parameter of signature.getParameters()) if (isOwn(parameter)) checkFields(checker.getTypeOfSymbol(parameter), path);
  }

  /** The fields of an object type that is declared in the package, and of the objects in them. */
  function checkFields(type, path) {
    if (type === undefined || seen.has(type.id)) return;
    seen.add(type.id);
    if (type.isUnionType() || type.isIntersectionType()) {
      for (const part of type.getTypes() ?? []) checkFields(part, path);
      return;
    }
    if (!type.isObjectType()) return;
    if (checker.isArrayLikeType(type)) {
      for (const element of type.isTypeReference() ? checker.getTypeArguments(type) : []) checkFields(element, path);
      return;
    }
    if (checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) return;
    for (const field of checker.getPropertiesOfType(type)) {
      if (!isOwn(field) || isPrivate(field)) continue;
      const name = `${ownerOf(field) ?? path}.${field.name}`;
      checkField(field, name);
      checkFields(checker.getTypeOfSymbol(field), name);
    }
  }

  function checkField(field, name) {
    const isSchemaKey = field.declarations.some(({ kind }) => kind === SyntaxKind.PropertyAssignment);
    if (isSchemaKey) problems.add(`${name} is a key of a schema, whose comment users never see: write its type as an interface`);
    else if (docOf(field) === "" && checker.getJsDocTagsOfSymbol(field).length === 0) problems.add(`${name} has no doc comment`);
  }

  /** A schema and the interface that describes it have the same keys. */
  function checkSchema(name) {
    const described = exports.get(name.slice(0, -"Schema".length));
    if (RESOLVED.has(described?.name)) return;
    const schema = checker.getPropertyOfType(checker.getTypeOfSymbol(exports.get(name)), "_zod");
    const output = schema && checker.getPropertyOfType(checker.getTypeOfSymbol(schema), "output");
    if (described === undefined || output === undefined) return;
    const [wanted, got] = [keysOf(checker.getTypeOfSymbol(output)), keysOf(checker.getDeclaredTypeOfSymbol(described))];
    for (const key of wanted) if (!got.has(key)) problems.add(`${described.name} lacks ${key}, which ${name} reads`);
    for (const key of got) if (!wanted.has(key)) problems.add(`${described.name}.${key} is not read by ${name}`);
  }

  function keysOf(type) {
    const parts = type.isUnionType() ? type.getTypes() : [type];
    return new Set(parts.flatMap((part) => (part.isObjectType() ? checker.getPropertiesOfType(part).map((key) => key.name) : [])));
  }

  function ownerOf(field) {
    const parent = field.getParent();
    return parent === undefined || parent.name.startsWith("__") ? undefined : parent.name;
  }

  function docOf(symbol) {
    return checker.getDocumentationCommentOfSymbol(symbol).trim();
  }

  /** Whether it is declared in this package: another one answers for its own. */
  function isOwn(symbol) {
    return symbol.declarations.some(({ path }) => path.startsWith(`${source}/`));
  }

  function isPrivate(symbol) {
    return symbol.name.includes("#");
  }
}
