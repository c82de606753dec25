import { dfaOf } from "../regular/dfa.ts";
import type { Regular } from "../regular/regular.ts";

/** Whether a text is one of a language. */
export function reader(language: Regular): (text: string) => boolean {
  const work = dfaOf(language, "schema");
  let step = work.next();
  while (step.done !== true) step = work.next();
  const { next, accepts, classOf, classCount } = step.value;
  return (text) => {
    let state = 0;
    for (const byte of new TextEncoder().encode(text)) if (state !== -1) state = next[state * classCount + classOf[byte]!]!;
    return state !== -1 && accepts[state] === 1;
  };
}
