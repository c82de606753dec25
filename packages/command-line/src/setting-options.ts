import type { Command } from "commander";

/**
 * Adds an option `--name <value>` for each setting of a schema: its name in kebab case, its description as the help's text.
 *
 * @param settings the schema's `shape`
 */
export function addSettingOptions(command: Command, settings: Readonly<Record<string, { readonly description?: string | undefined }>>): Command {
  for (const [name, { description = "" }] of Object.entries(settings)) command.option(`--${kebab(name)} <value>`, description);
  return command;
}

/** The option of a setting, without its dashes: `maxNewTokens` is `max-new-tokens`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
