import type { Budget } from "./budget.ts";
import { Text } from "./text.ts";
import {
  compare,
  type Float,
  float,
  isEqual,
  isFloat,
  isNumber,
  nodesOf,
  numberOf,
  TemplateError,
  toText,
  typeName,
  type Value,
  writtenLengthOf,
} from "./values.ts";

/** Python's binary operators, and Jinja's `~`. @throws {TemplateError} if an operator does not take these values */
export function binary(operator: string, left: Value, right: Value, budget: Budget): Value {
  if (!isNumber(left)) budget.charge(Math.min(nodesOf(left), nodesOf(right)));
  switch (operator) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "<":
      return compare(left, right) < 0;
    case "<=":
      return compare(left, right) <= 0;
    case ">":
      return compare(left, right) > 0;
    case ">=":
      return compare(left, right) >= 0;
    case "~":
      budget.charge((left instanceof Text ? 0 : writtenLengthOf(left)) + (right instanceof Text ? 0 : writtenLengthOf(right)));
      return concat(toText(left), toText(right), budget);
    default:
  }
  if (isNumber(left) && isNumber(right)) return arithmetic(operator, left, right);
  if (operator === "+" && left instanceof Text && right instanceof Text) return concat(left, right, budget);
  if (operator === "+" && Array.isArray(left) && Array.isArray(right)) {
    budget.charge(nodesOf(left) + nodesOf(right));
    return [...left, ...right];
  }
  if (operator === "*") {
    const [value, times] = isNumber(left) ? [right, numberOf(left)] : [left, isNumber(right) ? numberOf(right) : Number.NaN];
    if (Number.isInteger(times) && (value instanceof Text || Array.isArray(value))) return repeated(value, Math.max(0, times), budget);
  }
  throw new TemplateError(`${operator} does not take ${typeName(left)} and ${typeName(right)}`);
}

function concat(left: Text, right: Text, budget: Budget): Text {
  budget.charge(left.length + right.length);
  return left.concat(right);
}

function repeated(value: Text | Value[], times: number, budget: Budget): Value {
  budget.charge(times * (value instanceof Text ? Math.max(1, value.length) : nodesOf(value)));
  const copies = Array.from({ length: times }, () => value);
  return value instanceof Text ? Text.join(copies as Text[]) : (copies as Value[][]).flat();
}

function arithmetic(operator: string, left: number | Float | boolean, right: number | Float | boolean): Value {
  const [a, b] = [numberOf(left), numberOf(right)];
  const made = (result: number): Value => (isFloat(left) || isFloat(right) ? float(result) : result);
  if ((operator === "/" || operator === "//" || operator === "%") && b === 0) throw new TemplateError("division by zero");
  switch (operator) {
    case "+":
      return made(a + b);
    case "-":
      return made(a - b);
    case "*":
      return made(a * b);
    case "/":
      return float(a / b);
    case "//":
      return made(Math.floor(a / b));
    case "%":
      return made(a - b * Math.floor(a / b));
    case "**":
      return made(a ** b);
    default:
      throw new TemplateError(`unknown operator ${operator}`);
  }
}
