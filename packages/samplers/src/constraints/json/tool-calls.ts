// Calls of functions as the templates of Qwen and Hermes have them written, one a line: `<tool_call>`, JSON of name and arguments, `</tool_call>`.
import { InvalidArgumentError } from "@diffucoder/core";
import { choice, literal, type Regular, repeat, sequence } from "../regular/regular.ts";
import { jsonSchemaTexts } from "./json-schema.ts";
import { anyObject, memberOf, objectOf, valueText } from "./json-text.ts";

/** A function that may be called. */
export interface CallableTool {
  /** Of the function. */
  name: string;
  /** JSON schema of its arguments, an object. @default any object */
  parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** How deep arguments nest of which no schema says anything. */
const ANY_DEPTH = 3;

/**
 * The texts of one call or more.
 *
 * @param argument what the functions are called in errors
 * @throws {InvalidArgumentError} naming the function and the keyword of its schema that is not supported; or if there is no function
 */
export function toolCallTexts(
  tools: readonly CallableTool[],
  { maxCalls = Infinity, argument }: { maxCalls?: number | undefined; argument: string },
): Regular {
  if (tools.length === 0) throw new InvalidArgumentError({ argument, value: tools, expected: "at least one function" });
  const calls = tools.map(({ name, parameters }) => {
    const given = parameters === undefined || Object.keys(parameters).length === 0 ? anyObject(ANY_DEPTH) : argumentTexts(name, parameters, argument);
    const members = [memberOf("name", valueText(name)), memberOf("arguments", given)];
    return sequence(literal("<tool_call>\n"), objectOf(members.map((text) => ({ text, required: true }))), literal("\n</tool_call>"));
  });
  return repeat(choice(calls), { min: 1, max: maxCalls, between: literal("\n") });
}

function argumentTexts(name: string, parameters: Readonly<Record<string, unknown>>, argument: string): Regular {
  const { type = "properties" in parameters ? "object" : undefined } = parameters;
  if (type !== undefined && type !== "object") {
    const message = `${argument}: the arguments of ${name} must be an object, got a schema of type ${JSON.stringify(type)}.`;
    throw new InvalidArgumentError({ argument, value: parameters, expected: "schemas of objects", message });
  }
  try {
    return jsonSchemaTexts(type === undefined ? parameters : { type, ...parameters }, `${argument}: ${name}`);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError({ argument, value: parameters, expected: "JSON schemas that are supported", message: error.message });
  }
}
