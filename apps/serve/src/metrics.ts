// What Prometheus reads: https://prometheus.io/docs/practices/naming
import type { EngineStats } from "diffucoder";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AdmissionStats } from "./admission.ts";
import type { AnsweredRequest } from "./request-log.ts";

/** The server in figures. */
export interface Metrics {
  registry: Registry;
  /** Counts an answered request. */
  answered(request: AnsweredRequest): void;
  /** Counts how long a request took to its first committed token, seconds from its arrival. */
  firstToken(seconds: number): void;
}

export interface MetricsOptions {
  admission: () => AdmissionStats;
  engine: () => EngineStats;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export function createMetrics({ admission, engine }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: "diffucoder_requests_total", help: "Answered requests", labelNames: ["route", "status"], registers });
  const seconds = new Histogram({
    name: "diffucoder_request_seconds",
    help: "From the arrival of a request to the end of its answer",
    labelNames: ["route"],
    buckets: SECONDS,
    registers,
  });
  const firstToken = new Histogram({
    name: "diffucoder_first_token_seconds",
    help: "From the arrival of a request to its first committed token",
    buckets: SECONDS,
    registers,
  });
  for (const [name, help, value] of gauges(admission, engine))
    registry.registerMetric(new Gauge({ name, help, registers: [], collect: setTo(value) }));
  for (const [name, help, value] of counters(engine)) registry.registerMetric(new Counter({ name, help, registers: [], collect: countTo(value) }));
  return {
    registry,
    answered({ route, status, seconds: taken }) {
      requests.inc({ route, status });
      seconds.observe({ route }, taken);
    },
    firstToken: (taken) => firstToken.observe(taken),
  };
}

type Figure = [name: string, help: string, value: () => number];

function gauges(admission: () => AdmissionStats, engine: () => EngineStats): Figure[] {
  return [
    ["diffucoder_requests_running", "Requests that are decoded", () => admission().running],
    ["diffucoder_requests_waiting", "Requests that wait for room in the batch", () => admission().waiting],
    ["diffucoder_batch_rows", "Rows of the requests that are decoded", () => admission().share.rows],
    ["diffucoder_batch_columns", "Columns of the longest of these rows", () => admission().share.columns],
    ["diffucoder_cache_bytes", "Keys and values of the requests that are decoded", () => admission().share.cacheBytes],
    ["diffucoder_engine_rows_running", "Rows in the model's batches", () => engine().running],
    ["diffucoder_engine_rows_waiting", "Rows that wait before the model's batches", () => engine().waiting],
    ["diffucoder_plans", "Compiled plans that are kept", () => engine().plans ?? 0],
    ["diffucoder_prefix_cache_bytes", "Keys and values that outlive their requests", () => engine().prefixCache.bytes],
  ];
}

function counters(engine: () => EngineStats): Figure[] {
  return [
    ["diffucoder_forward_passes_total", "Forward passes of the network", () => engine().forwardPasses],
    ["diffucoder_forward_tokens_total", "Tokens that went through the network", () => engine().forwardTokens],
    ["diffucoder_committed_tokens_total", "Tokens that were committed or replaced", () => engine().committedTokens],
    ["diffucoder_rows_done_total", "Rows that were decoded to their end", () => engine().done],
    ["diffucoder_rows_failed_total", "Rows that failed or were stopped", () => engine().failed],
    ["diffucoder_prefix_cache_hits_total", "Rows that began with kept keys and values", () => engine().prefixCache.hits],
    ["diffucoder_prefix_cache_misses_total", "Rows that found none", () => engine().prefixCache.misses],
    ["diffucoder_prefix_cache_reused_tokens_total", "Tokens that were not computed again", () => engine().prefixCache.reusedTokens],
  ];
}

function setTo(value: () => number): (this: Gauge) => void {
  return function () {
    this.set(value());
  };
}

function countTo(value: () => number): (this: Counter) => void {
  return function () {
    this.reset();
    this.inc(value());
  };
}
