import { TemplateError } from "./values.ts";

/** Steps of a template for messages of no length: real ones take some thousands. */
const BASE_STEPS = 1_000_000;
/** Steps for each character of the messages: a template looks at each a few dozen times. */
const STEPS_PER_CHARACTER = 50;

/** What a template may still do. A node that is evaluated is one step, and so is a character that is written or an element that is made. */
export class Budget {
  readonly #allowed: number;
  #left: number;

  /** @param length characters of the messages */
  constructor(length: number) {
    this.#allowed = BASE_STEPS + STEPS_PER_CHARACTER * length;
    this.#left = this.#allowed;
  }

  /** @throws {TemplateError} if no steps are left */
  charge(steps: number): void {
    this.#left -= steps;
    if (!(this.#left >= 0)) throw new TemplateError(`it takes more than ${this.#allowed} steps`);
  }
}
