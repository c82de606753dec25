// Programs as an engine runs them: Python and plain scripts as they are, TypeScript without its types, modules as scripts.
import type { Language, RunOptions } from "./jobs.ts";
import { Pool } from "./pool.ts";
import type { Job } from "./provider.ts";
import { type Stripped, TypeStripper } from "./type-stripper.ts";

/** A program in the language it was written in. */
export interface Source {
  language?: Language | undefined;
  code: string;
  /** The function that a module's export of this name, or its default one, becomes. */
  entryPoint?: string | undefined;
  /** Limit of the parser, milliseconds. @default the sandbox's */
  wallTimeMs?: number | undefined;
}

/** A program that an engine runs, or why there is none. */
export type Transpiled = Pick<Job, "language" | "code"> | Exclude<Stripped, { code: string }>;

/** Whether an engine does not run a program as it is. */
const isToBeStripped = ({ language, code }: Source): boolean =>
  language === "typescript" || (language === "javascript" && /\b(import|export)\b/.test(code));

/** Turns programs into what an engine runs, several at a time, each in a thread that can be ended. */
export class Transpiler {
  readonly #strippers: Pool<TypeStripper>;
  readonly #wallTimeMs: number;

  constructor({ workers, memoryMb, wallTimeMs }: { workers: number; memoryMb: number; wallTimeMs: number }) {
    this.#strippers = new Pool(Array.from({ length: workers }, () => new TypeStripper({ memoryMb })));
    this.#wallTimeMs = wallTimeMs;
  }

  /** @throws {UnavailableError} if there can be no thread, or it was closed meanwhile */
  async transpile(source: Source, options: RunOptions): Promise<Transpiled> {
    const { language = "python", code } = source;
    if (!isToBeStripped(source)) return { language: language === "python" ? "python" : "javascript", code };
    const stripped = await this.#strip(source, options);
    return "code" in stripped ? { language: "javascript", code: stripped.code } : stripped;
  }

  /** A test that cannot be transpiled stays as it is: the engine says what is wrong with it. */
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
