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

/** The doc comments of one package. */
class PackageDocs {
  #checker;
  #source;
  #exports;
  #problems = new Set();
  #seen = new Set();

  constructor({ checker, program, source }) {
    this.#checker = checker;
    this.#source = source;
    const entry = checker.getSymbolAtLocation(program.getSourceFile(join(source, "index.ts")));
    this.#exports = new Map(checker.getExportsOfModule(entry).map((symbol) => [symbol.name, this.#target(symbol)]));
  }

  /** A line for each export or option without a comment, and each schema that differs from its interface. */
  problems() {
    const checker = this.#checker;
    for (const [name, symbol] of this.#exports) {
      if (!this.#isOwn(symbol)) continue;
      if (this.#docOf(symbol) === "") this.#problems.add(`${name} has no doc comment`);
      if (symbol.flags & SymbolFlags.Value) this.#checkValue(checker.getTypeOfSymbol(symbol), name);
      if (symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class)) this.#checkMembers(checker.getDeclaredTypeOfSymbol(symbol), name);
      if (symbol.flags & SymbolFlags.TypeAlias) this.#checkFields(checker.getDeclaredTypeOfSymbol(symbol), name);
      if (name.endsWith("Schema")) this.#checkSchema(name);
    }
    return [...this.#problems];
  }

  #target(symbol) {
    return symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** A function or a class. */
  #checkValue(type, path) {
    for (const kind of [SignatureKind.Call, SignatureKind.Construct]) {
      for (const signature of this.#checker.getSignaturesOfType(type, kind)) this.#checkParameters(signature, path);
    }
  }

  /** What a user reads of an object or calls on it, or implements. */
  #checkMembers(type, path) {
    for (const property of this.#checker.getPropertiesOfType(type)) {
      if (!this.#isOwn(property) || this.#isPrivate(property)) continue;
      const [name, its] = [`${path}.${property.name}`, this.#checker.getTypeOfSymbol(property)];
      this.#checkField(property, name);
      this.#checkFields(its, name);
      for (const signature of this.#checker.getSignaturesOfType(its, SignatureKind.Call)) this.#checkParameters(signature, name);
    }
  }

  #checkParameters(signature, path) {
    for (const parameter of signature.getParameters()) if (this.#isOwn(parameter)) this.#checkFields(this.#checker.getTypeOfSymbol(parameter), path);
  }

  /** The fields of an object type that is declared in the package, and of the objects in them. */
  #checkFields(type, path) {
    if (type === undefined || this.#seen.has(type.id)) return;
    this.#seen.add(type.id);
    if (type.isUnionType() || type.isIntersectionType()) {
      for (const part of type.getTypes() ?? []) this.#checkFields(part, path);
      return;
    }
    if (!type.isObjectType()) return;
    if (this.#checker.isArrayLikeType(type)) {
      for (const element of type.isTypeReference() ? this.#checker.getTypeArguments(type) : []) this.#checkFields(element, path);
      return;
    }
    if (this.#checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) return;
    for (const field of this.#checker.getPropertiesOfType(type)) {
      if (!this.#isOwn(field) || this.#isPrivate(field)) continue;
      const name = `${this.#ownerOf(field) ?? path}.${field.name}`;
      this.#checkField(field, name);
      this.#checkFields(this.#checker.getTypeOfSymbol(field), name);
    }
  }

  #checkField(field, name) {
    const isSchemaKey = field.declarations.some(({ kind }) => kind === SyntaxKind.PropertyAssignment);
    if (isSchemaKey) this.#problems.add(`${name} is a key of a schema, whose comment users never see: write its type as an interface`);
    else if (this.#docOf(field) === "" && this.#checker.getJsDocTagsOfSymbol(field).length === 0) this.#problems.add(`${name} has no doc comment`);
  }

  /** A schema and the interface that describes it have the same keys. */
  #checkSchema(name) {
    const described = this.#exports.get(name.slice(0, -"Schema".length));
    if (RESOLVED.has(described?.name)) return;
    const schema = this.#checker.getPropertyOfType(this.#checker.getTypeOfSymbol(this.#exports.get(name)), "_zod");
    const output = schema && this.#checker.getPropertyOfType(this.#checker.getTypeOfSymbol(schema), "output");
    if (described === undefined || output === undefined) return;
    const [wanted, got] = [this.#keysOf(this.#checker.getTypeOfSymbol(output)), this.#keysOf(this.#checker.getDeclaredTypeOfSymbol(described))];
    for (const key of wanted) if (!got.has(key)) this.#problems.add(`${described.name} lacks ${key}, which ${name} reads`);
    for (const key of got) if (!wanted.has(key)) this.#problems.add(`${described.name}.${key} is not read by ${name}`);
  }

  #keysOf(type) {
    const parts = type.isUnionType() ? type.getTypes() : [type];
    return new Set(parts.flatMap((part) => (part.isObjectType() ? this.#checker.getPropertiesOfType(part).map((key) => key.name) : [])));
  }

  #ownerOf(field) {
    const parent = field.getParent();
    return parent === undefined || parent.name.startsWith("__") ? undefined : parent.name;
  }

  #docOf(symbol) {
    return this.#checker.getDocumentationCommentOfSymbol(symbol).trim();
  }

  /** Whether it is declared in this package: another one answers for its own. */
  #isOwn(symbol) {
    return symbol.declarations.some(({ path }) => path.startsWith(`${this.#source}/`));
  }

  #isPrivate(symbol) {
    return symbol.name.includes("#");
  }
}

/** Names of packages to look at. @default all */
const names = process.argv.slice(2);
const held = workspacePackages().filter(({ name, folder }) => folder.startsWith("packages/") && (names.length === 0 || names.includes(name)));
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
  return new PackageDocs({ checker, program, source: join(root, folder, "src") }).problems();
}
