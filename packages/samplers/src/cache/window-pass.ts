// One compiled pass over the same number of columns of some rows: forward with the cache, then the draw.
import type { CachedNetwork, KeyValueCache, WindowLogitsInputs } from "@diffucoder/diffusion";
import { compile, type CompiledFunction, type Executor, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import type { DenoiseRequest, Proposals } from "../denoiser.ts";
import { createDraw, type DrawInputs, drawInputs, drawVariant, type DrawVariant, type VocabularyOptions } from "../draw.ts";
import { ladder } from "./row-plan.ts";

export interface PassRow {
  /** Row of the cache. */
  slot: number;
  /** `[N]` */
  ids: Int32Array;
  /** `[N]`, 0 on padding. Absent for all rows or for none. */
  attentionMask: Int32Array | undefined;
  /** `[N]` */
  positionIds: Int32Array | undefined;
  /** Columns to compute, ascending, as many in each row. @default all */
  columns: readonly number[] | undefined;
  /** How many columns, from the first, a column sees. @default all */
  visible: ((column: number) => number) | undefined;
  /** What is asked: indices into the request's positions, and for each the column whose logits answer it. */
  positions: readonly number[];
  logitColumns: readonly number[];
}

export interface PassResult {
  /** In the order of the rows' positions. */
  proposals: Omit<Proposals, "cache">;
  cache: KeyValueCache<NdArray>;
  /** How far each computed column moved, for each row; empty unless measured. */
  drift: Float32Array[];
  forwardTokens: number;
}

export interface WindowPasses {
  /** @param scratch the cache's last row, which holds nothing: for batches that are filled up */
  run(cache: KeyValueCache<NdArray>, rows: readonly PassRow[], pass: { request: DenoiseRequest; scratch: number }): Promise<PassResult>;
  dispose(): void;
}

export interface WindowPassesOptions extends VocabularyOptions {
  network: CachedNetwork;
  parameters: () => Readonly<Record<string, NdArray>>;
  frozen: boolean;
  measuresDrift: boolean;
  executor?: Executor | undefined;
}

type Inputs = Omit<WindowLogitsInputs, "cache" | "length"> & { draws: DrawInputs };
interface Results {
  tokens: Tensor;
  confidence: Tensor;
  entropy: Tensor;
  cache: { keys: Tensor[]; values: Tensor[] };
  drift?: Tensor;
}
type Pass = CompiledFunction<[Record<string, Tensor>, KeyValueCache<Tensor>, Inputs], Results>;

export function windowPasses({ network, parameters, frozen, measuresDrift, executor, ...vocabulary }: WindowPassesOptions): WindowPasses {
  const draw = createDraw(vocabulary);
  const compiled = new Map<string, Pass>();
  const passOf = (variant: DrawVariant, length: number): Pass => {
    const key = JSON.stringify([variant, length]);
    let pass = compiled.get(key);
    if (pass === undefined) {
      pass = compile(
        (weights: Record<string, Tensor>, cache: KeyValueCache<Tensor>, { draws, ...inputs }: Inputs): Results => {
          const { logits, cache: updated, drift } = network.logits(weights, { ...inputs, cache, length });
          return { ...draw(logits, draws, variant), cache: updated, ...(measuresDrift && { drift }) };
        },
        { name: "window", donate: [1], frozen: frozen ? [0] : [], ...(executor && { executor }) },
      );
      compiled.set(key, pass);
    }
    return pass;
  };

  return {
    dispose: () => {
      for (const pass of compiled.values()) pass.dispose();
      compiled.clear();
    },
    run: async (cache, rows, { request, scratch }) => {
      const { length } = request;
      const batchSize = Math.min(ladder(rows.length), scratch);
      const width = rows[0]?.columns?.length ?? length;
      const count = rows.reduce((sum, { positions }) => sum + positions.length, 0);
      const size = quarters(count, batchSize * width);
      const chosen = rows.flatMap(({ positions }) => positions);
      const pass = passOf(drawVariant(request), length);
      const result = await pass(parameters(), cache, {
        ...windowInputs(rows, { batchSize, width, length, scratch }),
        logitPositions: logitPositions(rows, { width, size }),
        draws: drawInputs(request, chosen, size),
      });
      const drift = result.drift?.data as Float32Array | undefined;
      return {
        proposals: {
          tokens: (result.tokens.data as Int32Array).subarray(0, count),
          confidence: (result.confidence.data as Float32Array).subarray(0, count),
          entropy: (result.entropy.data as Float32Array).subarray(0, count),
        },
        cache: result.cache,
        drift: drift === undefined ? [] : rows.map((_, i) => drift.subarray(i * width, (i + 1) * width)),
        forwardTokens: batchSize * width,
      };
    },
  };
}

function windowInputs(
  rows: readonly PassRow[],
  { batchSize, width, length, scratch }: { batchSize: number; width: number; length: number; scratch: number },
) {
  const columnsOf = ({ columns }: PassRow): readonly number[] => columns ?? Array.from({ length }, (_, column) => column);
  const [first] = rows as [PassRow];
  /** `[B, width]`; rows that fill up the batch hold `fill`. */
  const window = (of: (row: PassRow, column: number) => number, fill: (i: number) => number = () => 0): NdArray => {
    const values = Int32Array.from({ length: batchSize * width }, (_, i) => fill(i % width));
    rows.forEach((row, i) => columnsOf(row).forEach((column, j) => (values[i * width + j] = of(row, column))));
    return int32(values, [batchSize, width]);
  };
  const attentionMask = new Int32Array(batchSize * length).fill(1);
  rows.forEach((row, i) => row.attentionMask && attentionMask.set(row.attentionMask, i * length));
  return {
    inputIds: window(({ ids }, column) => ids[column] as number),
    rows: int32(Array.from({ length: batchSize }, (_, i) => rows[i]?.slot ?? scratch)),
    ...(first.columns && {
      columns: window(
        (_, column) => column,
        (i) => i,
      ),
    }),
    ...(first.attentionMask && { attentionMask: int32(attentionMask, [batchSize, length]) }),
    ...(first.positionIds && { positionIds: window(({ positionIds }, column) => positionIds?.[column] as number) }),
    ...(first.visible && {
      visible: window(
        ({ visible }, column) => visible?.(column) as number,
        () => length,
      ),
    }),
  };
}

/** Where in the window each answer stands. */
function logitPositions(rows: readonly PassRow[], { width, size }: { width: number; size: number }): NdArray {
  const places = rows.flatMap(({ columns, logitColumns }, i) => {
    const placeOf = columns && new Map(columns.map((column, place) => [column, place]));
    return logitColumns.map((column) => i * width + (placeOf === undefined ? column : (placeOf.get(column) as number)));
  });
  return int32(Int32Array.from({ length: size }, (_, i) => places[i] ?? 0));
}

/** The smallest of four sizes that holds `count`. */
function quarters(count: number, total: number): number {
  const unit = Math.ceil(total / 4);
  return Math.min(total, Math.ceil(count / unit) * unit);
}
