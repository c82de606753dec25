// How a model's matrices are kept when nobody says it.
import { modelConfigPath, parameterCount, type Quantization, readQuantization } from "@diffucoder/model";
import type { ModelFolder } from "../folder/model-folder.ts";
import type { LoadSettings } from "../load-settings.ts";

/** From 1 GB of float32 on: models that are measured in billions of weights, and none that is trained here. */
const LARGE = 250_000_000;

/** What a model's matrices are made to be. */
export interface ChosenQuantization {
  /** `undefined`: as the files hold them. */
  quantize: Quantization | undefined;
  /** Whether nobody asked for it. */
  isDefault: boolean;
}

/** int8 for a model of 250 million weights or more whose files hold floats, if it runs in float32 on ONNX Runtime on the processor. */
export function chooseQuantization(
  { config, dir }: Pick<ModelFolder, "config" | "dir">,
  { quantize, executor = "onnx", device = "cpu", precision = "float32" }: LoadSettings,
): ChosenQuantization {
  if (quantize !== undefined) return { quantize: quantize === "none" ? undefined : quantize, isDefault: false };
  const isLarge = parameterCount(config) >= LARGE;
  const hasKernels = executor === "onnx" && device === "cpu" && precision === "float32";
  if (!isLarge || !hasKernels || readQuantization(modelConfigPath(dir)) !== undefined) return { quantize: undefined, isDefault: true };
  return { quantize: "int8", isDefault: true };
}
