import { ConfigError, show } from "@diffucoder/core";

/** What a call's options hold besides data. */
interface Callbacks {
  signal?: AbortSignal | undefined;
  onStep?: unknown;
}

/** The data in a call's options. @throws {ConfigError} if they are no object, or `signal` and `onStep` are not what they must be */
export function dataOf<Options extends Callbacks>(options: Options, source: string): Omit<Options, keyof Callbacks> {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new ConfigError({ source, problems: [`must be an object, got ${show(options)}`] });
  const { signal, onStep, ...data } = options;
  const problems: string[] = [];
  if (signal !== undefined && !(signal instanceof AbortSignal)) problems.push(`signal: must be an AbortSignal, got ${show(signal)}`);
  if (onStep !== undefined && typeof onStep !== "function") problems.push(`onStep: must be a function, got ${show(onStep)}`);
  if (problems.length > 0) throw new ConfigError({ source, problems });
  return data;
}
