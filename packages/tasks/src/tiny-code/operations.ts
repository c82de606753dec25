// The operations of TinyCode: a task is a pipeline over `xs: list[int]` in the fixed order
//   filter -> map -> transform -> aggregate,   each optional.
import { aggregates } from "./aggregates.ts";
import { filters } from "./filters.ts";
import { maps } from "./maps.ts";
import type { Operation, Slot } from "./operation.ts";
import { transforms } from "./transforms.ts";

/** All operations by slot, in the order of the pipeline. */
export const operations: Readonly<Record<Slot, readonly Operation[]>> = { filter: filters, map: maps, transform: transforms, aggregate: aggregates };

export const slots: readonly Slot[] = ["filter", "map", "transform", "aggregate"];
