// Renders a template as Jinja does under Hugging Face's settings, on text that records its origin (text.ts) and within a number of
// steps (budget.ts), so that an untrusted template can neither run for ever nor fill the memory.
import type { Budget } from "./budget.ts";
import { isIn, listOf, sizeHint } from "./containers.ts";
import { filterOf } from "./filters.ts";
import { globals } from "./globals.ts";
import { testOf } from "./is-tests.ts";
import { methodOf } from "./methods.ts";
import { binary } from "./operators.ts";
import type { CallExpression, Identifier, MemberExpression, Node, Slice } from "./syntax.ts";
import { Text } from "./text.ts";
import {
  Callable,
  Dict,
  Float,
  float,
  isNumber,
  isTrue,
  nodesOf,
  type List,
  numberOf,
  TemplateError,
  text,
  toText,
  Tuple,
  typeName,
  writtenLengthOf,
  type Value,
} from "./values.ts";

/** Calls of macros within macros. */
const MAX_DEPTH = 100;

/** Variables, and those of the block around. */
class Scope {
  readonly #outer: Scope | undefined;
  readonly #own = new Map<string, Value>();

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  get(name: string): Value {
    return this.#own.has(name) ? this.#own.get(name) : this.#outer?.get(name);
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value);
  }
}

class Break extends Error {}
class Continue extends Error {}

/** @throws {TemplateError} if the template refuses its variables, is wrong or takes too many steps */
export function renderTemplate(
  body: readonly Node[],
  variables: Readonly<Record<string, Value>>,
  { budget, now }: { budget: Budget; now: Date },
): Text {
  const scope = new Scope();
  for (const [name, value] of Object.entries({ ...globals(budget, now), ...variables })) scope.set(name, value);
  return new Interpreter(budget).block(body, scope);
}

class Interpreter {
  readonly #budget: Budget;
  #depth = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  block(body: readonly Node[], scope: Scope): Text {
    const parts: Text[] = [];
    for (const node of body) this.#statement(node, scope, parts);
    return Text.join(parts);
  }

  #write(parts: Text[], value: Value): void {
    this.#budget.charge(value instanceof Text ? value.length : writtenLengthOf(value));
    parts.push(toText(value));
  }

  #statement(node: Node, scope: Scope, parts: Text[]): void {
    this.#budget.charge(1);
    switch (node.type) {
      case "Comment":
        return;
      case "Break":
        throw new Break("break outside of a loop");
      case "Continue":
        throw new Continue("continue outside of a loop");
      case "If":
        for (const one of isTrue(this.#value(node.test, scope)) ? node.body : node.alternate) this.#statement(one, scope, parts);
        return;
      case "For":
        return this.#loop(node, scope, parts);
      case "Set":
        return this.#assign(node.assignee, node.value === null ? this.block(node.body, new Scope(scope)) : this.#value(node.value, scope), scope);
      case "Macro":
        return scope.set(node.name.value, this.#macro(node.args, node.body, scope));
      case "CallStatement": {
        const inner = new Scope(scope);
        inner.set("caller", this.#macro(node.callerArgs ?? [], node.body, scope));
        const callee = this.#value(node.call.callee, scope);
        return this.#write(parts, this.#call(callee, node.call.args, scope, inner.get("caller")));
      }
      case "FilterStatement":
        return this.#write(parts, this.#filter(this.block(node.body, new Scope(scope)), node.filter, scope));
      default:
        this.#write(parts, this.#value(node, scope));
    }
  }

  #loop({ loopvar, iterable, body, defaultBlock }: Extract<Node, { type: "For" }>, scope: Scope, parts: Text[]): void {
    const condition = iterable.type === "SelectExpression" ? iterable.test : undefined;
    let list = this.#listOf(this.#value(iterable.type === "SelectExpression" ? iterable.lhs : iterable, scope));
    if (condition !== undefined)
      list = list.filter((one) => {
        const inner = new Scope(scope);
        this.#assign(loopvar, one, inner);
        return isTrue(this.#value(condition, inner));
      });
    for (const [i, one] of list.entries()) {
      const inner = new Scope(scope);
      inner.set("loop", loopOf(list, i));
      this.#assign(loopvar, one, inner);
      try {
        for (const node of body) this.#statement(node, inner, parts);
      } catch (signal) {
        if (signal instanceof Break) break;
        if (!(signal instanceof Continue)) throw signal;
      }
    }
    if (list.length === 0) for (const node of defaultBlock) this.#statement(node, scope, parts);
  }

  #listOf(value: Value): List {
    this.#budget.charge(sizeHint(value));
    return listOf(value);
  }

  #assign(target: Node, value: Value, scope: Scope): void {
    if (target.type === "Identifier") return scope.set(target.value, value);
    if (target.type === "TupleLiteral") {
      const list = this.#listOf(value);
      if (list.length !== target.value.length) throw new TemplateError(`${list.length} values for ${target.value.length} names`);
      return target.value.forEach((one, i) => this.#assign(one, list[i], scope));
    }
    if (target.type !== "MemberExpression") throw new TemplateError("only names and attributes of a namespace can be set");
    const owner = this.#value(target.object, scope);
    if (!(owner instanceof Dict) || !owner.isNamespace) throw new TemplateError("only attributes of a namespace can be set");
    owner.set(this.#key(target, scope), value);
  }

  #macro(parameters: readonly Node[], body: readonly Node[], scope: Scope): Callable {
    return new Callable((args, named) => {
      if (++this.#depth > MAX_DEPTH) throw new TemplateError(`its macros call each other more than ${MAX_DEPTH} deep`);
      const inner = new Scope(scope);
      parameters.forEach((parameter, i) => {
        const name = parameter.type === "KeywordArgumentExpression" ? parameter.key.value : (parameter as Identifier).value;
        const given = i < args.length ? args[i] : named.get(name);
        inner.set(name, given === undefined && parameter.type === "KeywordArgumentExpression" ? this.#value(parameter.value, scope) : given);
      });
      if (named.has("caller")) inner.set("caller", named.get("caller"));
      inner.set("varargs", args.slice(parameters.length));
      const result = this.block(body, inner);
      this.#depth--;
      return result;
    });
  }

  #value(node: Node, scope: Scope): Value {
    this.#budget.charge(1);
    switch (node.type) {
      case "IntegerLiteral":
        return node.value;
      case "FloatLiteral":
        return float(node.value);
      case "StringLiteral":
        this.#budget.charge(node.value.length);
        return text(node.value);
      case "Identifier":
        return constants.has(node.value) ? constants.get(node.value) : scope.get(node.value);
      case "ArrayLiteral":
        return this.#made(node.value.map((one) => this.#value(one, scope)));
      case "TupleLiteral":
        return this.#made(Tuple.of(...node.value.map((one) => this.#value(one, scope))) as Tuple);
      case "ObjectLiteral":
        return this.#made(new Dict(Array.from(node.value, ([key, value]) => [this.#value(key, scope), this.#value(value, scope)] as const)));
      case "BinaryExpression":
        return this.#binary(node, scope);
      case "UnaryExpression":
        return this.#unary(node.operator.value, this.#value(node.argument, scope));
      case "FilterExpression":
        return this.#filter(this.#value(node.operand, scope), node.filter, scope);
      case "TestExpression": {
        const test = testOf(node.test.value);
        return test(this.#value(node.operand, scope), { args: [], named: new Map(), budget: this.#budget }) !== node.negate;
      }
      case "SelectExpression":
        return isTrue(this.#value(node.test, scope)) ? this.#value(node.lhs, scope) : undefined;
      case "Ternary":
        return this.#value(isTrue(this.#value(node.condition, scope)) ? node.trueExpr : node.falseExpr, scope);
      case "CallExpression":
        return this.#call(this.#value(node.callee, scope), node.args, scope);
      case "MemberExpression":
        return this.#member(node, scope);
      default:
        throw new TemplateError(`${node.type} has no value`);
    }
  }

  /** A new list or dict: parts that it shares cost again, or it could grow twofold with each. */
  #made<T extends List | Dict>(value: T): T {
    this.#budget.charge(nodesOf(value));
    return value;
  }

  #binary({ operator: { value: operator }, left, right }: Extract<Node, { type: "BinaryExpression" }>, scope: Scope): Value {
    const first = this.#value(left, scope);
    if (operator === "and") return isTrue(first) ? this.#value(right, scope) : first;
    if (operator === "or") return isTrue(first) ? first : this.#value(right, scope);
    const second = this.#value(right, scope);
    if (operator === "in" || operator === "not in") {
      this.#budget.charge(second instanceof Text ? second.length : nodesOf(second));
      return isIn(first, second) === (operator === "in");
    }
    return binary(operator, first, second, this.#budget);
  }

  #unary(operator: string, value: Value): Value {
    if (operator === "not") return !isTrue(value);
    if (!isNumber(value)) throw new TemplateError(`${operator} wants a number, got ${typeName(value)}`);
    const number = operator === "-" ? -numberOf(value) : numberOf(value);
    return value instanceof Float ? new Float(number) : number;
  }

  #arguments(nodes: readonly Node[], scope: Scope): { args: List; named: Map<string, Value> } {
    const args: List = [];
    const named = new Map<string, Value>();
    for (const node of nodes) {
      if (node.type === "KeywordArgumentExpression") named.set(node.key.value, this.#value(node.value, scope));
      else if (node.type === "SpreadExpression") for (const one of this.#listOf(this.#value(node.argument, scope))) args.push(one);
      else if (node.type === "KeywordSpreadExpression") {
        const spread = this.#value(node.argument, scope);
        if (!(spread instanceof Dict)) throw new TemplateError(`** wants a dict, got ${typeName(spread)}`);
        for (const [key, one] of spread.items()) named.set(toText(key).value, one);
      } else args.push(this.#value(node, scope));
    }
    return { args, named };
  }

  #call(callee: Value, nodes: readonly Node[], scope: Scope, caller?: Value): Value {
    if (!(callee instanceof Callable)) throw new TemplateError(`${typeName(callee)} cannot be called`);
    const { args, named } = this.#arguments(nodes, scope);
    if (caller !== undefined) named.set("caller", caller);
    return callee.call(args, named);
  }

  #filter(value: Value, node: Identifier | CallExpression, scope: Scope): Value {
    const { args, named } = this.#arguments(node.type === "CallExpression" ? node.args : [], scope);
    const name = node.type === "CallExpression" ? (node.callee as Identifier).value : node.value;
    return filterOf(name)(value, { args, named, budget: this.#budget });
  }

  #key({ property, computed }: MemberExpression, scope: Scope): Value {
    return computed || property.type !== "Identifier" ? this.#value(property, scope) : text(property.value);
  }

  #member(node: MemberExpression, scope: Scope): Value {
    const owner = this.#value(node.object, scope);
    if (node.property.type === "SliceExpression") return this.#slice(owner, node.property, scope);
    const key = this.#key(node, scope);
    if (owner === undefined) throw new TemplateError(`${nameOf(node.object)} is undefined`);
    const attribute = (): Value => (key instanceof Text ? methodOf(owner, key.value, this.#budget) : undefined);
    if (owner instanceof Dict) {
      const item = (): Value => owner.get(key);
      return node.computed || owner.isNamespace ? (item() ?? (owner.has(key) ? item() : attribute())) : (attribute() ?? item());
    }
    if (isNumber(key) && (Array.isArray(owner) || owner instanceof Text)) {
      const list = this.#listOf(owner);
      return list.at(numberOf(key));
    }
    return attribute();
  }

  #slice(owner: Value, { start, stop, step }: Slice, scope: Scope): Value {
    const number = (node: Node | undefined): number | undefined => {
      const value = node === undefined ? null : this.#value(node, scope);
      if (value === null || value === undefined) return undefined;
      if (!isNumber(value)) throw new TemplateError(`a slice wants numbers, got ${typeName(value)}`);
      return numberOf(value);
    };
    const [from, to, by = 1] = [number(start), number(stop), number(step)];
    if (!Array.isArray(owner) && !(owner instanceof Text)) throw new TemplateError(`${typeName(owner)} has no slices`);
    if (by === 0) throw new TemplateError("a slice's step cannot be 0");
    this.#budget.charge(sizeHint(owner));
    if (owner instanceof Text && by === 1 && owner.size === owner.length) return owner.slice(...bounds(owner.length, from, to));
    const list = listOf(owner);
    const forward = by > 0 ? list : list.toReversed();
    const mirrored = (place: number | undefined): number | undefined => (place === undefined ? undefined : -place - 1);
    const part = by > 0 ? list.slice(...bounds(list.length, from, to)) : forward.slice(...bounds(list.length, mirrored(from), mirrored(to)));
    const picked = part.filter((_, i) => i % Math.abs(by) === 0);
    return owner instanceof Text ? Text.join(picked as Text[]) : picked;
  }
}

const bounds = (length: number, from = 0, to = length): [number, number] => [from, Math.max(to < 0 ? Math.max(0, to + length) : to, 0)];

const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

const nameOf = (node: Node): string => (node.type === "Identifier" ? node.value : "a value");

function loopOf(list: List, i: number): Dict {
  const entries: Readonly<Record<string, Value>> = {
    index: i + 1,
    index0: i,
    revindex: list.length - i,
    revindex0: list.length - i - 1,
    first: i === 0,
    last: i === list.length - 1,
    length: list.length,
    previtem: list[i - 1],
    nextitem: list[i + 1],
    cycle: new Callable((args) => args[i % Math.max(1, args.length)]),
  };
  return new Dict(
    Object.entries(entries).map(([key, value]) => [text(key), value]),
    true,
  );
}
