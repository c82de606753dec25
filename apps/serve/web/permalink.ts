// All settings in the fragment of the address, which no server sees.
import type { Settings } from "./settings.ts";

/** Settings that differ from the defaults, as `name=value&...`. */
export function toFragment(settings: Settings, defaults: Settings): string {
  const changed = Object.entries(settings).filter(([name, value]) => value !== defaults[name as keyof Settings]);
  return new URLSearchParams(changed.map(([name, value]) => [name, String(value)])).toString();
}

const CHOICES: Partial<Record<keyof Settings, readonly string[]>> = {
  mode: ["write", "chat", "fill"],
  cache: ["none", "prefix", "dual", "delayed"],
  constraint: ["none", "python", "regex", "json_schema"],
};

/** The defaults with what a fragment says. Names and values that mean nothing are left out: anyone can write a link. */
export function fromFragment(fragment: string, defaults: Settings): Settings {
  const settings: Record<string, string | number | boolean> = { ...defaults };
  for (const [name, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    if (!Object.hasOwn(defaults, name)) continue;
    const known = CHOICES[name as keyof Settings];
    const kind = typeof defaults[name as keyof Settings];
    if (kind === "number" && text.trim() !== "" && Number.isFinite(Number(text))) settings[name] = Number(text);
    else if (kind === "boolean") settings[name] = text === "true";
    else if (kind === "string" && (known === undefined || known.includes(text))) settings[name] = text.slice(0, 4000);
  }
  return settings as unknown as Settings;
}
