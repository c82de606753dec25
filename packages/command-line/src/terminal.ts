/** Where a command speaks to its user: results on `out`, everything else on `error`. Tests put lists in its place. */
export interface Terminal {
  /** A line on standard output. */
  out(text: string): void;
  /** A line on standard error. */
  error(text: string): void;
  /** Exactly these bytes on standard output; on a terminal, which a text must not control, as `out`. @default `out` with the text */
  bytes?: ((data: Uint8Array) => void) | undefined;
  /** Where text can be redrawn while it is written. @default none: standard output cannot */
  screen?: Screen | undefined;
  /** Where progress is shown. @default nowhere */
  progress?: ProgressStream | undefined;
}

/** A stream that may be a terminal. */
export type ProgressStream = NodeJS.WritableStream & {
  /** Whether a person is watching. */
  isTTY?: boolean;
};

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
export function writeText({ bytes, out }: Pick<Terminal, "bytes" | "out">, text: string): void {
  if (bytes === undefined) out(text);
  else bytes(new TextEncoder().encode(text));
}
