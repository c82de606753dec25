import { describe, expect, it } from "vitest";
import { AbortedError, ConfigError, DiffuCoderError, FileError, InvalidArgumentError, ShapeError, show, UnavailableError } from "./errors.ts";

describe("errors", () => {
  it("say which argument, what it got and what it wanted", () => {
    const error = new InvalidArgumentError({ argument: "steps", value: 0, expected: "a positive integer" });
    expect(error.message).toBe("steps must be a positive integer, got 0.");
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", name: "InvalidArgumentError", argument: "steps", value: 0 });
  });

  it("add the way out as a second sentence", () => {
    const error = new InvalidArgumentError({ argument: "batch", value: 3, expected: "a multiple of 2", wayOut: "Pad the last batch." });
    expect(error.message).toBe("batch must be a multiple of 2, got 3. Pad the last batch.");
  });

  it("give a shape and the one that was expected", () => {
    const error = new ShapeError({ argument: "completionMask", shape: [4, 9], expected: "[4, 10], as completionIds" });
    expect(error.message).toBe("completionMask has shape [4, 9], expected [4, 10], as completionIds.");
    expect(error).toMatchObject({ code: "SHAPE", argument: "completionMask", shape: [4, 9] });
  });

  it("list every problem of a config", () => {
    const error = new ConfigError({ source: "train.json", problems: ['Unrecognized key: "temprature"', "steps: too small"] });
    expect(error.message).toBe('Invalid train.json:\n  - Unrecognized key: "temprature"\n  - steps: too small');
    expect(error.code).toBe("CONFIG");
  });

  it("name the file, and keep the cause for programs", () => {
    const cause = new Error("EIO");
    const error = new FileError({ path: "a.json", problem: "no such file", wayOut: "Run `train pretrain` first.", cause });
    expect(error.message).toBe("a.json: no such file. Run `train pretrain` first.");
    expect(error).toMatchObject({ code: "FILE", path: "a.json", cause });
  });

  it("say what is missing, and what was stopped", () => {
    const absent = new UnavailableError({ what: "bubblewrap", problem: "bwrap is not on the PATH", wayOut: "apt-get install bubblewrap." });
    expect(absent.message).toBe("bubblewrap is not available: bwrap is not on the PATH. apt-get install bubblewrap.");
    expect(absent.code).toBe("UNAVAILABLE");
    expect(new AbortedError("The training run")).toMatchObject({ message: "The training run was stopped.", code: "ABORTED" });
  });

  it("are all DiffuCoderErrors", () => {
    expect(new AbortedError("x")).toBeInstanceOf(DiffuCoderError);
    expect(new ShapeError({ argument: "x", shape: [], expected: "[1]" })).toBeInstanceOf(DiffuCoderError);
  });
});

describe("show", () => {
  it.each([
    ["abc", '"abc"'],
    ["x".repeat(70), `"${"x".repeat(57)}..."`],
    [7n, "7n"],
    [Number.NaN, "NaN"],
    [null, "null"],
    [undefined, "undefined"],
    [new Float32Array(3), "Float32Array(3)"],
    [{ a: [1, "b"] }, '{"a":[1,"b"]}'],
    [function named() {}, "function named"],
    [() => 1, "function (anonymous)"],
    [Symbol("s"), "Symbol(s)"],
  ])("shortens %s", (value, text) => {
    expect(show(value)).toBe(text);
  });

  it("cuts a long object at 80 characters", () => {
    expect(show({ list: Array.from({ length: 100 }, (_, i) => i) })).toHaveLength(80);
  });

  it("survives an object that JSON cannot hold", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(show(loop)).toBe("[object Object]");
  });
});
