/** Where a command speaks to its user: results on `out`, everything else on `error`. Tests put lists in its place. */
export interface Terminal {
  /** A line on standard output. */
  out(text: string): void;
  /** A line on standard error. */
  error(text: string): void;
  /** Writes exactly these bytes to standard output; on a terminal, escapes them as `out` does. @default calls `out` */
  bytes?: ((data: Uint8Array) => void) | undefined;
  /** Where text can be redrawn. @default none: standard output cannot redraw */
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
  /** Calls back when the size changes; call the result to stop. */
  onResize(listener: () => void): () => void;
}

/** Writes a text to standard output byte for byte, without adding a newline. */
export function writeText({ bytes, out }: Pick<Terminal, "bytes" | "out">, text: string): void {
  if (bytes === undefined) out(text);
  else bytes(new TextEncoder().encode(text));
}
