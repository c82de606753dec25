import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { loadTasks, loadTrainingTasks } from "../../load-tasks.ts";
import { placedPipelines } from "../splits.ts";
import { behaviourOf, probesOf } from "./behaviour.ts";
import { type Choices, present } from "./choice.ts";
import { families } from "./families.ts";
import { choicesAt, type Family, nearMissesOf, programsOf, STYLES } from "./family.ts";
import { FULL_SPLITS, type FullSplit, keyOf, placesOf, skeletonOf } from "./places.ts";
import { fullExampleStream, fullTinyCodeTasks, fullTinyCodeTasksById } from "./tasks.ts";
import { someProgram } from "./some-program.fixture.ts";
import { testsOf } from "./tests-of.ts";
import { FRAMES, type Phrasing, textOf } from "./text.ts";

const family = (name: string): Family => families.find((one) => one.name === name)!;
const folders = { search: [], cache: "" };

/** Every program of a family with its part; the families of texts and of integers take the least time. */
function placedOf(name: string): { choices: Choices; split: FullSplit; skeleton: string; key: string }[] {
  const { indexes, splits } = placesOf(family(name));
  return Array.from(indexes, (index, i) => {
    const choices = choicesAt(family(name), index);
    return { choices, split: FULL_SPLITS[splits[i]!]!, skeleton: skeletonOf(family(name), choices), key: keyOf(family(name), choices) };
  });
}

/** Values that occur with more than one part. */
function shared<T>(items: readonly T[], of: (item: T) => string | number, partOf: (item: T) => string): (string | number)[] {
  const parts = new Map<string | number, Set<string>>();
  for (const item of items) parts.set(of(item), (parts.get(of(item)) ?? new Set()).add(partOf(item)));
  return [...parts].flatMap(([value, found]) => (found.size > 1 ? [value] : []));
}

describe.each(["strings", "integers"])("the parts of %s", (name) => {
  const placed = placedOf(name);
  const pairs = ({ choices }: (typeof placed)[number]): string[] => {
    const names = present(choices).map((one) => one.name);
    return names.slice(1).map((one, i) => `${names[i]} > ${one}`);
  };
  const trained = placed.filter(({ split }) => split === "train");
  const trainedPairs = new Set(trained.flatMap(pairs));
  const trainedSkeletons = new Set(trained.map(({ skeleton }) => skeleton));

  it("share no behaviour, told by the whole answers and not only by their hash", () => {
    const answers = placed.map(({ choices }) => JSON.stringify(probesOf(family(name)).map((args) => family(name).run(choices, args))));
    expect(new Set(answers).size).toBe(placed.length);
  });

  it("share no skeleton, but for the new constants of known ones", () => {
    expect(
      shared(
        placed.filter(({ split }) => split !== "test-const"),
        ({ skeleton }) => skeleton,
        ({ split }) => split,
      ),
    ).toEqual([]);
    const constants = placed.filter(({ split }) => split === "test-const");
    expect(constants.length).toBeGreaterThan(50);
    expect(constants.filter(({ skeleton }) => !trainedSkeletons.has(skeleton))).toEqual([]);
  });

  it("test known pairs in new combinations, and pairs that no training task has", () => {
    const of = (split: FullSplit) => placed.filter((one) => one.split === split);
    expect([of("test-recomb"), of("test-pair"), of("test-phrase")].map(({ length }) => length > 50)).toEqual([true, true, true]);
    for (const split of ["test-recomb", "test-phrase"] as const)
      expect(of(split).filter((one) => !pairs(one).every((pair) => trainedPairs.has(pair)))).toEqual([]);
    expect(of("test-pair").filter((one) => pairs(one).every((pair) => trainedPairs.has(pair)))).toEqual([]);
  });

  it("show every operation in training", () => {
    const names = new Set(trained.flatMap(({ choices }) => present(choices).map((one) => one.name)));
    const all = new Set(family(name).slots.flatMap((slot) => present(slot).map((one) => one.name)));
    expect([...all].filter((one) => !names.has(one))).toEqual([]);
  });

  it("share neither a prompt nor a program", () => {
    const texts = placed.map(({ choices, split, key }) => {
      const phrasing: Phrasing = split === "test-phrase" ? "held-out" : "usual";
      return { split, ...textOf(family(name), choices, { random: createRandom(0).split(key), phrasing, styles: STYLES }) };
    });
    for (const of of ["prompt", "solution"] as const)
      expect(
        shared(
          texts,
          (one) => one[of],
          ({ split }) => split,
        ),
      ).toEqual([]);
  });
});

it("lists of one and two operations are those of TinyCode", () => {
  const lists = family("lists");
  const behaviours = programsOf(lists)
    .filter(({ tier }) => tier <= 2)
    .map(({ index }) => behaviourOf(lists, choicesAt(lists, index)));
  expect(new Set(behaviours).size).toBe(placedPipelines(2).length);
});

describe("families", () => {
  it.each(families)("$name: no two choices of a slot have a phrase, a key or a slug in common", ({ slots }) => {
    for (const slot of slots) {
      const choices = present(slot);
      const phrases = choices.flatMap((one) => [...new Set(one.phrases)]);
      expect(phrases.toSorted()).toEqual([...new Set(phrases)].toSorted());
      expect(new Set(choices.map(({ key }) => key.replaceAll(" ", "-"))).size).toBe(choices.length);
    }
  });

  it("tell a program from its near misses by its visible tests", () => {
    let [compared, passed] = [0, 0];
    for (const one of families) {
      const random = createRandom(4).split(one.name);
      for (let i = 0; i < 2; i++) {
        const choices = someProgram(one, random);
        const { visible } = testsOf(one, choices, { visible: 8, hidden: 16, random: random.split("tests", i) });
        for (const miss of nearMissesOf(one, choices)) {
          if (behaviourOf(one, miss) === behaviourOf(one, choices)) continue;
          compared++;
          if (visible.every(([args, expected]) => JSON.stringify(one.run(miss, args)) === JSON.stringify(expected))) passed++;
        }
      }
    }
    expect(compared).toBeGreaterThan(1000);
    expect(passed / compared).toBeLessThan(0.01);
  });

  it.each(["constants", "helper"])("%s: both orders are the same lines", (name) => {
    const [back, ahead] = [family(`${name}-back`), family(`${name}-ahead`)];
    const random = createRandom(6);
    for (let i = 0; i < 20; i++) {
      const choices = someProgram(back, random);
      const options = { random: random.split(i), phrasing: "usual", styles: STYLES } as const;
      const [one, other] = [back, ahead].map((of) => textOf(of, choices, options).solution);
      expect(one).not.toBe(other);
      expect(one!.split("\n").toSorted()).toEqual(other!.split("\n").toSorted());
    }
  });

  it("hold out sentences and synonyms that training never has", () => {
    const strings = family("strings");
    const texts = (phrasing: Phrasing): string[] =>
      programsOf(strings)
        .slice(0, 50)
        .map(({ index }) => textOf(strings, choicesAt(strings, index), { random: createRandom(index), phrasing, styles: STYLES }).prompt);
    expect(texts("usual").filter((prompt) => /capitals throughout|the extent|^I need|^Called/.test(prompt))).toEqual([]);
    expect(texts("held-out").every((prompt) => /^I need|^Called/.test(prompt))).toBe(true);
    expect(texts("held-out").some((prompt) => prompt.includes("in capitals throughout"))).toBe(true);
    expect(FRAMES["held-out"].every((frame) => !FRAMES.usual.includes(frame))).toBe(true);
  });
});

describe("fullTinyCodeTasks", () => {
  const options = { families: ["integers", "strings"], split: "test", seed: 1 } as const;

  it("gives the same tasks for the same options, and more of them for a larger count", () => {
    const tasks = fullTinyCodeTasks({ ...options, count: 24 });
    expect(fullTinyCodeTasks({ ...options, count: 12 })).toEqual(tasks.slice(0, 12));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(24);
    expect(new Set(tasks.map(({ metadata }) => metadata.split))).toEqual(new Set(["test-recomb", "test-pair", "test-const", "test-phrase"]));
    expect(fullTinyCodeTasks({ ...options, count: 12, seed: 2 }).map(({ id }) => id)).not.toEqual(tasks.slice(0, 12).map(({ id }) => id));
    for (const { visible, hidden } of tasks) {
      const inputs = [...visible.calls, ...hidden.calls].map(([args]) => JSON.stringify(args));
      expect([visible.calls.length, hidden.calls.length, new Set(inputs).size]).toEqual([8, 16, 24]);
      expect(new Set(visible.calls.map(([, expected]) => JSON.stringify(expected))).size).toBeGreaterThan(1);
    }
  });

  it("gives a task again by its id, and refuses an id that no task has", () => {
    const tasks = fullTinyCodeTasks({ ...options, count: 6 });
    expect(fullTinyCodeTasksById([tasks[4]!.id, tasks[1]!.id], { seed: 1 })).toEqual([tasks[4], tasks[1]]);
    const refused = (id: string): void =>
      expect(() => fullTinyCodeTasksById([id], { seed: 1 })).toThrow(`ids must be ids of the full TinyCode's tasks, got "${id}".`);
    for (const id of ["tinycode-full/integers/none/-/-/-", "tinycode-full/integers", "tinycode-full/none/-", "x"]) refused(id);
  });

  it("draws tiers by their shares, in the styles that are wanted", () => {
    const tasks = fullTinyCodeTasks({ families: ["strings"], tiers: { 2: 1, 3: 3 }, split: "train", styles: ["loop"], count: 60, seed: 0 });
    const hard = tasks.filter(({ metadata }) => metadata.tier === 3).length;
    expect(hard).toBeGreaterThan(30);
    expect(hard).toBeLessThan(58);
    expect(new Set(tasks.map(({ metadata }) => metadata.style))).toEqual(new Set(["loop"]));
  });

  it("says what is wrong", () => {
    const draw = (more: object) => () => fullTinyCodeTasks({ ...options, count: 1, ...more });
    expect(draw({ families: ["string"] })).toThrow(`families must be names of ${families.map(({ name }) => name).join(", ")}, got "string".`);
    expect(draw({ families: ["integers"], tiers: { 5: 1 } })).toThrow("split test has no program of the tiers 5 of integers.");
    expect(draw({ families: ["integers"], split: "test-depth" })).toThrow("split test-depth has no program of integers.");
    expect(draw({ families: ["integers"], tiers: { 1: 1 }, split: "train", count: 99 })).toThrow(
      "count must be at most 18, as many tasks as there are, got 99.",
    );
  });

  it("passes over tasks that are refused", () => {
    const tasks = fullTinyCodeTasks({ ...options, count: 10, accepts: ({ prompt }) => prompt.text.length < 90 });
    expect(tasks.every(({ prompt }) => prompt.text.length < 90)).toBe(true);
  });
});

it("fullExampleStream is a function of the options and the index", () => {
  const stream = (seed: number, styles?: ["loop"]) => fullExampleStream({ families: ["integers"], seed, styles });
  const some = (of: ReturnType<typeof stream>) => [7, 3, 99].map((index) => of(index));
  expect(some(stream(1))).toEqual(some(stream(1)));
  expect(some(stream(1))).not.toEqual(some(stream(2)));
});

describe("the source tinycode-full", () => {
  it("gives tasks to train on from its training part alone", async () => {
    const data = { tasks: 3, families: ["integers"] };
    const { tasks, title } = await loadTrainingTasks({ dataset: "tinycode-full", folders, data });
    expect([title, tasks.map(({ metadata }) => metadata?.["split"])]).toEqual(["TinyCode in full, train", ["train", "train", "train"]]);
    await expect(loadTrainingTasks({ dataset: "tinycode-full", folders, data: { ...data, split: "test-pair" } })).rejects.toThrow(
      'split must be "train" for training: the other parts are held out, got "test-pair".',
    );
  });

  it("gives a test set, and the same tasks by their ids", async () => {
    const data = { tasks: 4, families: ["strings"], split: "test-phrase", seed: 3 } as const;
    const set = await loadTasks({ dataset: "tinycode-full", folders, use: "evaluation", data });
    const ids = set.tasks.map(({ id }) => id);
    expect((await loadTasks({ dataset: "tinycode-full", folders, use: "evaluation", data, ids })).sha256).toBe(set.sha256);
  });

  it("keeps its options to itself", async () => {
    const load = (data: object) => loadTasks({ dataset: "tinycode", folders, use: "evaluation", data });
    await expect(load({ families: ["lists"] })).rejects.toThrow(
      "Invalid data:\n  - data.families: not used by tinycode, which uses split, tiers, tasks, seed",
    );
    await expect(load({ split: "test-pair" })).rejects.toThrow(
      'split must be "train", "dev" or "test" for tinycode; tinycode-full has the others, got "test-pair".',
    );
  });
});
