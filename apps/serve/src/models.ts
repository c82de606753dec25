import { show } from "@diffucoder/core";
import { ApiError } from "./api-error.ts";

/** @throws {ApiError} if a request names another model than the one that is served */
export function checkModel(name: string | undefined, modelId: string): void {
  if (name === undefined || name === modelId) return;
  throw new ApiError({
    status: 404,
    message: `There is no model ${show(name)} here, only ${JSON.stringify(modelId)}.`,
    param: "model",
    code: "model_not_found",
  });
}
