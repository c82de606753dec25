import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integersBetween } from "./integer-range.ts";
import { jsonSchemaTexts } from "./json-schema.ts";
import { reader } from "./reader.fixture.ts";

describe("the texts of a JSON schema", () => {
  it.each<[string, unknown, string[], string[]]>([
    [
      "properties in order, those that may be missing",
      { type: "object", properties: { a: { type: "null" }, b: { type: "null" }, c: { type: "null" } }, required: ["b"] },
      ['{"b":null}', '{"a": null, "b":null}', '{"b": null,"c": null}'],
      ["{}", '{"b":null,"a":null}', '{"a":null}', '{"b":null,}', '{ "b":null}', '{"b" :null}'],
    ],
    [
      "strings as they are and escaped",
      { type: "string", maxLength: 2 },
      ['""', '"é€"', String.raw`"\n\u00e9"`, '"😀x"'],
      ['"abc"', '"\n"', String.raw`"\ud83d"`, String.raw`"\x"`],
    ],
    [
      "a pattern, of what the string means",
      { type: "string", pattern: String.raw`^[\s"]a$` },
      [String.raw`"\na"`, String.raw`"\"a"`, '" a"'],
      ['"a"', '"\na"', '"ba"'],
    ],
    [
      "lists with bounds",
      { type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 },
      ["[true]", "[true, false]"],
      ["[]", "[true,true,true]", "[ true]"],
    ],
    [
      "lists that begin as given",
      { prefixItems: [{ const: 1 }], items: { const: 2 }, type: "array", maxItems: 3 },
      ["[1]", "[1,2]", "[1, 2,2]"],
      ["[2]", "[1,2,2,2]"],
    ],
    ["maps", { type: "object", additionalProperties: { type: "integer" } }, ["{}", '{"x":1,"y":-20}'], ['{"x":"1"}', '{"x":01}']],
    [
      "references, and schemas inside themselves to a depth",
      { $ref: "#/$defs/t", $defs: { t: { anyOf: [{ type: "null" }, { type: "array", items: { $ref: "#/$defs/t" }, maxItems: 1 }] } } },
      ["null", "[null]", "[[[]]]"],
      ["[[[[[[null]]]]]]", "[1]"],
    ],
    [
      "branches of which one holds",
      {
        oneOf: [
          { type: "object", properties: { kind: { const: "a" } }, required: ["kind"] },
          { type: "object", properties: { kind: { const: "b" }, n: { type: "null" } }, required: ["kind", "n"] },
        ],
      },
      ['{"kind":"a"}', '{"kind":"b","n":null}'],
      ['{"kind":"a","n":null}', '{"kind":"b"}'],
    ],
    ["constants of a type", { type: ["integer", "string"], enum: [1, "x", null, 1.5] }, ["1", '"x"'], ["null", "1.5"]],
    ["finite numbers", { type: "number" }, ["0", "-1.50", "12e-10"], ["1e999", "01", ".5", "1.", "NaN"]],
  ])("has %s", (_, schema, texts, others) => {
    const has = reader(jsonSchemaTexts(schema, "schema"));
    expect(texts.filter((text) => !has(text))).toEqual([]);
    expect(others.filter((text) => has(text))).toEqual([]);
  });

  it("has the integers between two, and no others", () => {
    const bound = fc.oneof(fc.integer({ min: -1200, max: 1200 }), fc.integer({ min: -(10 ** 12), max: 10 ** 12 }));
    fc.assert(
      fc.property(bound, bound, fc.array(bound, { minLength: 5 }), (a, b, some) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const has = reader(integersBetween(min, max));
        for (const one of [...some, min, max, min - 1, max + 1])
          expect([min, max, one, has(String(one))]).toEqual([min, max, one, one >= min && one <= max]);
        expect(has("-0") || has("00") || has(`0${max}`)).toBe(false);
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it.each<[unknown, string]>([
    [{ type: "strin" }, 'schema.type: it must be one or a list of string, integer, number, array, object, boolean, null, got "strin".'],
    [{ type: "object", properties: { a: { type: "string", format: "email" } } }, 'schema.properties.a.format: it is not supported, got "email".'],
    [{ type: "array", items: { not: {} } }, "schema.items.not: it is not supported, got {}."],
    [{ type: "array", uniqueItems: true }, "schema.uniqueItems: it is not supported, got true."],
    [{ type: "number", minimum: 1 }, "schema.minimum: it is not supported beside type, got 1."],
    [{ anyOf: [{}], type: "string" }, 'schema.type: it is not supported beside anyOf, got "string".'],
    [{ minLength: 2 }, "schema.minLength: it is not supported without a type, got 2."],
    [
      { oneOf: [{ type: "integer" }, { type: "number" }] },
      'schema.oneOf: a value may be valid for both of 0 and 1; use anyOf, or tell them apart by a property with const, got [{"type":"integer"},{"type":"number"}].',
    ],
    [
      { $ref: "https://example.com/s" },
      'schema.$ref: only references inside the schema are supported, such as "#/$defs/name", got "https://example.com/s".',
    ],
    [{ $ref: "#/$defs/x" }, 'schema.$ref: there is nothing at this place, got "#/$defs/x".'],
    [
      { type: "string", pattern: "a(" },
      'schema.pattern must be a regular expression that is supported: at character 2, the group is not closed, got "a(".',
    ],
    [{ type: "string", minLength: -1 }, "schema.minLength: it must be an integer from 0 to 10000, got -1."],
    [{ $ref: "#" }, "schema: no value is valid."],
    [{ type: "array", minItems: 2, maxItems: 1 }, "schema: no value is valid."],
    [{ type: "object", properties: { a: false }, required: ["a"] }, "schema: no value is valid."],
    [{ enum: [] }, "schema: no value is valid."],
    ["x", "schema: a schema is an object, true or false."],
  ])("refuses %j", (schema, message) => {
    const error = (() => {
      try {
        return jsonSchemaTexts(schema, "schema");
      } catch (caught) {
        return caught as Error;
      }
    })();
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toBe(message);
  });

  it("refuses a schema that stands for too many of its parts, soon", () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`d${i}`, { type: "array", prefixItems: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] }]),
    );
    expect(() => jsonSchemaTexts({ $ref: "#/$defs/d0", $defs: { ...$defs, d40: { type: "null" } } }, "schema")).toThrow(
      "the schema stands for more than 5000 of its parts",
    );
  });
});
