// What Prometheus reads of trainers and workers: https://prometheus.io/docs/practices/naming
import { createServer } from "node:http";
import { UnavailableError } from "@diffucoder/core";
import { QUEUE_KINDS, type QueueLink } from "@diffucoder/queue";
import { type DoWork, queueStatus } from "@diffucoder/recipes";
import { Counter, Gauge, Registry } from "prom-client";

/** What is served at `/metrics`. */
export type MetricsPage = Pick<Registry, "metrics" | "contentType">;

/** Figures of a queue and its run, read whenever they are asked for. */
export function runMetrics(link: QueueLink): MetricsPage {
  const registry = new Registry();
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  const step = gauge("diffucoder_train_step", "Steps done");
  const staleness = gauge("diffucoder_train_staleness", "Steps between the weights that are trained and those that sampled");
  const speed = gauge("diffucoder_train_rollouts_per_second", "Completions of workers that were used, over the last minute");
  const workers = gauge("diffucoder_train_workers", "Workers of whom a result was used in the last minute");
  const quarantined = gauge("diffucoder_train_quarantined_workers", "Workers whose results were wrong");
  const items = new Gauge({ name: "diffucoder_queue_items", help: "Pieces of work in the queue", labelNames: ["kind", "state"], registers: [] });
  const read = async (): Promise<void> => {
    const { queue, run } = await queueStatus(link);
    for (const kind of QUEUE_KINDS) for (const [state, count] of Object.entries(queue[kind])) items.set({ kind, state }, count);
    step.set(run?.step ?? 0);
    staleness.set(run?.staleness ?? 0);
    speed.set(run?.rolloutsPerSecond ?? 0);
    workers.set(run?.workers.filter(({ secondsAgo }) => secondsAgo < 60).length ?? 0);
    quarantined.set(run?.quarantined.length ?? 0);
  };
  registry.registerMetric(items);
  return { contentType: registry.contentType, metrics: async () => read().then(() => registry.metrics()) };
}

/** Figures of a worker, and its work with them counted. */
export function countedWork(work: DoWork): { work: DoWork; registry: Registry } {
  const registry = new Registry();
  const counter = (name: string, help: string, labelNames: string[]): Counter => new Counter({ name, help, labelNames, registers: [registry] });
  const done = counter("diffucoder_worker_items_total", "Pieces of work", ["kind", "outcome"]);
  const seconds = counter("diffucoder_worker_busy_seconds_total", "Time spent on them", ["kind"]);
  return {
    registry,
    work: async (item, card) => {
      const { kind } = item;
      const started = performance.now();
      try {
        const result = await work(item, card);
        done.inc({ kind, outcome: "done" });
        return result;
      } catch (error) {
        done.inc({ kind, outcome: "failed" });
        throw error;
      } finally {
        seconds.inc({ kind }, (performance.now() - started) / 1000);
      }
    },
  };
}

/**
 * Serves `/metrics`.
 *
 * @returns how to stop it, and the port
 * @throws {UnavailableError} if the port is taken
 */
export function serveMetrics(page: MetricsPage, port: number): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") return void response.writeHead(404).end();
    page.metrics().then(
      (text) => response.writeHead(200, { "content-type": page.contentType }).end(text),
      () => response.writeHead(503).end(), // the queue is away
    );
  });
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return new Promise((resolve, reject) => {
    const what = `Port ${port} for --metrics-port`;
    server.once("error", ({ message }) => reject(new UnavailableError({ what, problem: message, wayOut: "Give another one; 0 takes a free one." })));
    server.listen(port, () => resolve({ port: (server.address() as { port: number }).port, close }));
    server.unref();
  });
}
