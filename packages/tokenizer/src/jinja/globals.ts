import type { Budget } from "./budget.ts";
import { Callable, Dict, isNumber, nodesOf, numberOf, TemplateError, text, toText, type Value } from "./values.ts";

/** The functions that a template finds. `now` is what `strftime_now` writes, in local time. */
export function globals(budget: Budget, now: Date): Record<string, Value> {
  return {
    raise_exception: new Callable(([message]) => {
      throw new TemplateError(toText(message).value);
    }),
    range: new Callable((args) => range(args, budget)),
    namespace: new Callable(([from], named) => new Dict([...copied(from), ...entries(named)], true)),
    dict: new Callable(([from], named) => {
      const made = new Dict([...copied(from), ...entries(named)]);
      budget.charge(nodesOf(made));
      return made;
    }),
    strftime_now: new Callable(([format]) => text(formatted(now, toText(format).value))),
  };
}

const copied = (from: Value): [Value, Value][] => (from instanceof Dict ? from.items().map(([key, value]) => [key, value]) : []);
const entries = (named: ReadonlyMap<string, Value>): [Value, Value][] => Array.from(named, ([name, value]) => [text(name), value]);

function range(args: readonly Value[], budget: Budget): number[] {
  const numbers = args.map((one) => (isNumber(one) ? numberOf(one) : Number.NaN));
  const [start, stop, step] = numbers.length === 1 ? [0, numbers[0]!, 1] : [numbers[0] ?? Number.NaN, numbers[1] ?? Number.NaN, numbers[2] ?? 1];
  if (![start, stop, step].every(Number.isInteger) || step === 0) throw new TemplateError("range wants one to three integers, and no step of 0");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  budget.charge(length);
  return Array.from({ length }, (_, i) => start + i * step);
}

/** Python's strftime with the C locale, for the codes of a date and a time. */
function formatted(now: Date, format: string): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const name = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat("en-US", options).format(now);
  const codes: Readonly<Record<string, () => string>> = {
    "%": () => "%",
    Y: () => String(now.getFullYear()).padStart(4, "0"),
    y: () => two(now.getFullYear() % 100),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    H: () => two(now.getHours()),
    I: () => two(now.getHours() % 12 || 12),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    p: () => (now.getHours() < 12 ? "AM" : "PM"),
    A: () => name({ weekday: "long" }),
    a: () => name({ weekday: "short" }),
    B: () => name({ month: "long" }),
    b: () => name({ month: "short" }),
  };
  return format.replace(/%(.)/gs, (written, code: string) => codes[code]?.() ?? written);
}
