// Programs in the form that an engine runs: Python and plain scripts unchanged, TypeScript without its types, modules as scripts.
import type { Language, RunOptions } from "./jobs.ts";
import { Pool } from "./pool.ts";
import type { Job } from "./provider.ts";
import { type Stripped, TypeStripper } from "./type-stripper.ts";

/** A program in the language it was written in. */
export interface Source {
  language?: Language | undefined;
  code: string;
  /** Name of the function that a module's export of this name, or its default export, becomes. */
  entryPoint?: string | undefined;
  /** Limit of the parser, milliseconds. @default the sandbox's */
  wallTimeMs?: number | undefined;
}

/** A program that an engine can run, or why there is none. */
export type Transpiled = Pick<Job, "language" | "code"> | Exclude<Stripped, { code: string }>;

/** Whether a program must be changed before an engine can run it. */
const isToBeStripped = ({ language, code }: Source): boolean =>
  language === "typescript" || (language === "javascript" && /\b(import|export)\b/.test(code));

/** Turns programs into what an engine can run, several at a time, each in a thread that can be ended. */
export class Transpiler {
  readonly #strippers: Pool<TypeStripper>;
  readonly #wallTimeMs: number;

  constructor({ workers, memoryMb, wallTimeMs }: { workers: number; memoryMb: number; wallTimeMs: number }) {
    this.#strippers = new Pool(Array.from({ length: workers }, () => new TypeStripper({ memoryMb })));
    this.#wallTimeMs = wallTimeMs;
  }

  /** @throws {UnavailableError} if no thread can be started, or it was closed meanwhile */
  async transpile(source: Source, options: RunOptions): Promise<Transpiled> {
    const { language = "python", code } = source;
    if (!isToBeStripped(source)) return { language: language === "python" ? "python" : "javascript", code };
    const stripped = await this.#strip(source, options);
    return "code" in stripped ? { language: "javascript", code: stripped.code } : stripped;
  }

  /** A test that cannot be transpiled is left unchanged: the engine reports its problem. */
  async transpileTest(test: Source, options: RunOptions): Promise<string> {
    const transpiled = await this.transpile(test, options).catch(() => test);
    return "code" in transpiled ? transpiled.code : test.code;
  }

  close(): void {
    for (const stripper of this.#strippers.items) stripper.close();
  }

  #strip({ language, code, entryPoint, wallTimeMs = this.#wallTimeMs }: Source, options: RunOptions): Promise<Stripped> {
    return this.#strippers.use(
      (stripper) => stripper.strip(code, { milliseconds: wallTimeMs, types: language === "typescript", entryPoint }),
      options,
    );
  }
}
