import fc from "fast-check";

export type AnySchema = Record<string, unknown>;

const scalars: fc.Arbitrary<AnySchema> = fc.oneof(
  fc.constantFrom<AnySchema>({ type: "null" }, { type: "boolean" }, { type: "integer" }, { type: "number" }, { type: ["string", "null"] }),
  fc.record({ type: fc.constant("string"), minLength: fc.nat(2), maxLength: fc.integer({ min: 2, max: 4 }) }),
  fc.constantFrom("a+", "^[ab]{2}$", "b$", '^"\\n?x$', "é|12").map((pattern): AnySchema => ({ type: "string", pattern })),
  fc
    .tuple(fc.integer({ min: -150, max: 150 }), fc.nat(200))
    .map(([minimum, more]): AnySchema => ({ type: "integer", minimum, maximum: minimum + more })),
  fc.constantFrom<AnySchema>(
    { enum: ["a", 12, null, "é"] },
    { const: "ab" },
    { const: { a: [1, true] } },
    { type: "integer", exclusiveMinimum: 0.5, exclusiveMaximum: 2 },
  ),
);

/** Small schemas, made of all that is supported. */
export const schemas: fc.Arbitrary<AnySchema> = fc.letrec<{ schema: AnySchema; object: AnySchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    scalars,
    tie("object"),
    fc.record({ type: fc.constant("array"), items: tie("schema"), minItems: fc.nat(2), maxItems: fc.integer({ min: 2, max: 3 }) }),
    fc.tuple(tie("schema"), tie("schema")).map((prefixItems) => ({ type: "array", prefixItems, items: false })),
    fc.tuple(tie("schema"), tie("schema")).map((anyOf) => ({ anyOf })),
    tie("object").map((object) => ({ oneOf: [{ type: "null" }, object, { type: ["integer", "boolean"] }] })),
    tie("schema").map((allOf) => ({ description: "one", allOf: [allOf] })),
  ),
  object: fc
    .record({ a: tie("schema"), b: tie("schema"), ab: tie("schema"), required: fc.subarray(["a", "b", "ab"]), closed: fc.boolean() })
    .map(({ required, closed, ...properties }) => ({ type: "object", properties, required, ...(closed && { additionalProperties: false }) })),
})).schema;
