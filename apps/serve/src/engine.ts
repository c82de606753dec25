import type { DiffuCoder, Infilling, InfillOptions } from "diffucoder";

/** The part of a loaded model that the server uses; tests put a fake in its place. */
export interface Engine extends Pick<DiffuCoder, "stream" | "submit" | "prepare" | "prepareInfill" | "generationConfig"> {
  /** `DiffuCoder.infill` for one text. */
  infill(options: InfillOptions): Promise<Infilling>;
}
