// One compiled pass over the same number of columns of some rows: forward with the cache, then the draw.
import type { CachedNetwork, KeyValueCache, WindowLogitsInputs } from "@diffucoder/diffusion";
import { compile, type Executor, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import type { DenoiseRequest, Proposals } from "../denoiser.ts";
import { createDraw, type DrawInputs, drawInputs, drawnProposals, type VocabularyOptions } from "../draw.ts";
import { ladder, positionsSize } from "../sizes.ts";

export interface PassRow {
  /** Row of the cache. */
  slot: number;
  /** `[N]` */
  ids: Int32Array;
  /** `[N]`, 0 on padding. */
  attentionMask: Int32Array;
  /** `[N]` */
  positionIds: Int32Array;
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
  /** Plans that it has compiled and keeps. */
  readonly plans: number;
  /**
   * @param length columns of a row of the cache, N
   * @param scratch rows of the cache that can be lent; behind them is one that holds nothing, for batches that are filled up
   */
  run(
    cache: KeyValueCache<NdArray>,
    rows: readonly PassRow[],
    pass: { request: DenoiseRequest; length: number; scratch: number },
  ): Promise<PassResult>;
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

export function windowPasses({ network, parameters, frozen, measuresDrift, executor, ...vocabulary }: WindowPassesOptions): WindowPasses {
  const draw = createDraw(vocabulary);
  const { vocabSize } = vocabulary;
  const pass = compile(
    (weights: Record<string, Tensor>, cache: KeyValueCache<Tensor>, { draws, ...inputs }: Inputs) => {
      const length = inputs.attentionMask!.shape[1]!;
      const { logits, cache: updated, drift } = network.logits(weights, { ...inputs, cache, length });
      return { ...draw(logits, draws), cache: updated, ...(measuresDrift && { drift }) };
    },
    { name: "window", donate: [1], frozen: frozen ? [0] : [], ...(executor && { executor }) },
  );

  return {
    get plans() {
      return pass.plans;
    },
    dispose: () => pass.dispose(),
    run: async (cache, rows, { request, length, scratch }) => {
      const batchSize = Math.min(ladder(rows.length), scratch);
      const width = rows[0]?.columns?.length ?? length;
      const chosen = rows.flatMap(({ positions }) => positions);
      const size = positionsSize(chosen.length, batchSize * width);
      const result = await pass(parameters(), cache, {
        ...windowInputs(rows, { batchSize, width, length, scratch }),
        logitPositions: logitPositions(rows, { width, size }),
        draws: drawInputs(request, chosen, { size, vocabSize }),
      });
      const drift = result.drift?.data as Float32Array | undefined;
      return {
        proposals: drawnProposals(result, request, chosen),
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
  rows.forEach((row, i) => attentionMask.set(row.attentionMask, i * length));
  return {
    inputIds: window(({ ids }, column) => ids[column] as number),
    // The only row of a cache is all of it.
    ...(scratch > 1 && { rows: int32(Array.from({ length: batchSize }, (_, i) => rows[i]?.slot ?? scratch)) }),
    ...(first.columns && {
      columns: window(
        (_, column) => column,
        (i) => i,
      ),
    }),
    attentionMask: int32(attentionMask, [batchSize, length]),
    positionIds: window(({ positionIds }, column) => positionIds[column]!),
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
