// Flags that give a whole constraint: an expression, or a schema in a file of its own.
import { type ConfigLayer, readJsonObject } from "@diffucoder/core";
import { type Command, Option } from "commander";

/** Adds `--regex` and `--json-schema`, of which one can be given, and not with `--constraint`. */
export function addConstraintFlags(command: Command): void {
  const others = ["regex", "jsonSchema", "constraint"];
  const flags = { regex: "--regex <expression>", jsonSchema: "--json-schema <file>" };
  const about = {
    regex: "a regular expression that the answer, or each hole, matches as a whole; short for constraint.kind=regex",
    jsonSchema: "a JSON schema that the answer, or each hole, is JSON of; short for constraint.kind=json_schema",
  };
  for (const name of ["regex", "jsonSchema"] as const)
    command.addOption(new Option(flags[name], about[name]).conflicts(others.filter((other) => other !== name)));
}

/** The settings that the flags stand for. @throws {FileError} if the schema cannot be read */
export function constraintLayers({ regex, jsonSchema }: { regex: string | undefined; jsonSchema: string | undefined }): ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  if (regex !== undefined) layers.push({ source: "--regex", data: { constraint: { kind: "regex", pattern: regex } } });
  if (jsonSchema !== undefined)
    layers.push({ source: "--json-schema", data: { constraint: { kind: "json_schema", schema: readJsonObject(jsonSchema) } } });
  return layers;
}
