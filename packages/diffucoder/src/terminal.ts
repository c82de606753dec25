/** Where the command speaks to its user. */
export interface Terminal {
  /** A line on standard output. */
  out(text: string): void;
  /** A line on standard error. */
  error(text: string): void;
  /** Exactly these bytes on standard output; on a terminal, which a text must not control, as `out`. @default `out` with the text */
  bytes?: ((data: Uint8Array) => void) | undefined;
  /** Where a text can be shown while it is written. @default none: standard output is not a terminal that can */
  screen?: Screen | undefined;
}

/** A terminal that understands how to move the cursor. */
export interface Screen {
  /** Characters of a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  /** Whether colours are wanted. */
  readonly hasColours: boolean;
  /** Writes as it is, control sequences included. */
  write(text: string): void;
  /** Calls back when the size has changed, until the result is called. */
  onResize(listener: () => void): () => void;
}

/** A text on standard output, to the byte: no newline is added. */
export function writeText({ bytes, out }: Terminal, text: string): void {
  if (bytes === undefined) out(text);
  else bytes(new TextEncoder().encode(text));
}

/** What a command is given beside its flags. */
export interface CommandContext {
  terminal: Terminal;
  signal: AbortSignal;
  /** The lines that the user types; opened when it is called. */
  lines: () => AsyncIterable<string>;
  /** All of standard input. */
  input: () => Promise<Uint8Array>;
  /** The command has run, and its exit code is 1. */
  fail: () => void;
}
