// Hopcroft's partition: states are told apart only as far as some text tells them apart. First, states that lead to no end are left out.
import type { Dfa } from "./dfa.ts";

/** Blocks between two interruptions. */
const BLOCKS_AT_ONCE = 256;

/** The smallest automaton of the same language, its states numbered in the order in which bytes reach them. */
export function* minimized(dfa: Dfa): Generator<void, Dfa> {
  const live = liveStates(dfa);
  const blockOf = yield* partition(dfa, live);
  return renumbered(dfa, live, blockOf);
}

/** 1 for states from which a text can end. */
function liveStates({ next, accepts, classCount }: Dfa): Uint8Array {
  const before: number[][] = Array.from(accepts, () => []);
  next.forEach((to, at) => to !== -1 && before[to]!.push(Math.floor(at / classCount)));
  const live = accepts.slice();
  const open = [...accepts.keys()].filter((state) => accepts[state] === 1);
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const from of before[state]!) {
      if (live[from] === 1) continue;
      live[from] = 1;
      open.push(from);
    }
  }
  return live;
}

/** The block of each live state; two are in one block if the same texts end from both. */
function* partition({ next, accepts, classCount }: Dfa, live: Uint8Array): Generator<void, Int32Array> {
  const count = accepts.length;
  const incoming = incomingEdges(next, live, classCount);
  const blockOf = new Int32Array(count).fill(-1);
  const blocks: Set<number>[] = [new Set(), new Set()];
  for (let state = 0; state < count; state++) {
    if (live[state] === 0) continue;
    blockOf[state] = accepts[state]!;
    blocks[accepts[state]!]!.add(state);
  }
  const waiting = new Set([0, 1]);
  let turns = 0;
  for (const block of waiting) {
    waiting.delete(block);
    const members = [...blocks[block]!];
    for (let group = 0; group < classCount; group++) {
      /** By block, the states that lead into this one. */
      const hits = new Map<number, number[]>();
      for (const to of members)
        for (const from of incoming(to, group)) {
          const hit = hits.get(blockOf[from]!);
          if (hit === undefined) hits.set(blockOf[from]!, [from]);
          else hit.push(from);
        }
      for (const [split, states] of hits) {
        const all = blocks[split]!;
        if (states.length === all.size) continue;
        for (const state of states) all.delete(state);
        const fresh = blocks.push(new Set(states)) - 1;
        for (const state of states) blockOf[state] = fresh;
        if (waiting.has(split) || all.size >= states.length) waiting.add(fresh);
        else waiting.add(split);
      }
    }
    if (turns++ % BLOCKS_AT_ONCE === 0) yield;
  }
  return blockOf;
}

/** Gives the states from which bytes of a class lead to a state. */
function incomingEdges(next: Int32Array, live: Uint8Array, classCount: number): (to: number, group: number) => Int32Array {
  const starts = new Int32Array(next.length + 1);
  const isEdge = (at: number): boolean => next[at] !== -1 && live[next[at]!] === 1 && live[Math.floor(at / classCount)] === 1;
  const slot = (at: number): number => next[at]! * classCount + (at % classCount);
  for (let at = 0; at < next.length; at++) if (isEdge(at)) starts[slot(at) + 1]!++;
  for (let i = 0; i < next.length; i++) starts[i + 1]! += starts[i]!;
  const froms = new Int32Array(starts[next.length]!);
  const filled = starts.slice();
  for (let at = 0; at < next.length; at++) if (isEdge(at)) froms[filled[slot(at)]!++] = Math.floor(at / classCount);
  return (to, group) => froms.subarray(starts[to * classCount + group], starts[to * classCount + group + 1]);
}

function renumbered({ next, accepts, classOf, classCount }: Dfa, live: Uint8Array, blockOf: Int32Array): Dfa {
  const numbers = new Map<number, number>();
  const examples: number[] = [];
  const numberOf = (state: number): number => {
    if (state === -1 || live[state] === 0) return -1;
    const known = numbers.get(blockOf[state]!);
    if (known !== undefined) return known;
    numbers.set(blockOf[state]!, examples.length);
    return examples.push(state) - 1;
  };
  if (numberOf(0) === -1) return { classOf: new Uint8Array(256), classCount: 1, next: Int32Array.of(-1), accepts: Uint8Array.of(0) };
  const rows: number[] = [];
  for (let state = 0; state < examples.length; state++)
    for (let group = 0; group < classCount; group++) rows.push(numberOf(next[examples[state]! * classCount + group]!));
  return withDeadClass({ classOf, classCount, next: Int32Array.from(rows), accepts: Uint8Array.from(examples, (state) => accepts[state]!) });
}

/** Bytes that lead to the same states from all are one class, and those that lead nowhere are class 0. */
function withDeadClass({ classOf, classCount, next, accepts }: Dfa): Dfa {
  const columns = Array.from({ length: classCount }, (_, group) => Array.from(accepts, (_one, state) => next[state * classCount + group]!));
  const numbers = new Map([[Array.from(accepts, () => -1).join(","), 0]]);
  const renamed = columns.map((column) => {
    const key = column.join(",");
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
  const merged = new Int32Array(accepts.length * numbers.size).fill(-1);
  columns.forEach((column, group) => column.forEach((to, state) => (merged[state * numbers.size + renamed[group]!] = to)));
  return { classOf: classOf.map((group) => renamed[group]!), classCount: numbers.size, next: merged, accepts };
}
