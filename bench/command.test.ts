import { expect, it } from "vitest";
import { runBench } from "./command.ts";

it("names the suites when asked for one that is not there", async () => {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), error: (text: string) => void said.push(text) };
  expect(await runBench(["speed"], terminal)).toBe(1);
  expect(said).toEqual(["There is no suite speed; there are train-step, forward, sandbox, quickstart."]);
});
