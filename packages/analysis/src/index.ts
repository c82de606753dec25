export { type DecodingOrder, decodingOrder, type Region } from "./decoding-order.ts";
export { globalArNess, type GlobalArNessOptions, localArNess, type LocalArNessOptions, randomGlobalArNess, type WithinStep } from "./ar-ness.ts";
export { type OrderDiversity, orderDiversity, orderTau } from "./order-diversity.ts";
export { kendallTau } from "./rank-correlation.ts";
export { entropySink, type FirstProposal, firstProposals } from "./first-step.ts";
export { type TraceFigures, traceFigures, type TraceFiguresOptions } from "./trace-figures.ts";
export { readTraceRecords, type TraceRecord } from "./trace-records.ts";
