import fc from "fast-check";
import { expect, it } from "vitest";
import { Admission, type Ticket } from "./admission.ts";

const CLIENTS = 4;
const MOST_COLUMNS = 100;

/** What happens at a door: somebody arrives, somebody who waits gives up, or the request that runs the longest ends. */
const stepArbitrary = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("arrive" as const), client: fc.nat(CLIENTS - 1), columns: fc.integer({ min: 1, max: MOST_COLUMNS }) }),
  },
  { weight: 3, arbitrary: fc.constant({ type: "end" as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("leave" as const), which: fc.nat(100) }) },
);

interface Seen {
  client: number;
  columns: number;
  ticket: Ticket;
  /** Admissions of others since it came; only counted of requests of a client that had nothing here. */
  overtaken: number | undefined;
  leave: AbortController;
}

/** Lets promises that are settled tell whoever waits for them. */
const settled = async () => {
  for (let i = 0; i < 4; i++) await Promise.resolve();
};

/** Plays the steps and checks after each what must hold. */
async function play(steps: readonly (typeof stepArbitrary extends fc.Arbitrary<infer S> ? S : never)[], rows: number): Promise<void> {
  const admission = new Admission({ limits: { rows, tokens: Infinity, cacheBytes: Infinity }, maxWaiting: 1000, clock: () => 0 });
  const waiting: Seen[] = [];
  const running: Seen[] = [];
  const admit = (seen: Seen): void => {
    waiting.splice(waiting.indexOf(seen), 1);
    running.push(seen);
    for (const other of waiting) if (other.client !== seen.client && other.overtaken !== undefined) other.overtaken++;
    expect(seen.overtaken ?? 0).toBeLessThan(CLIENTS);
  };
  for (const step of steps) {
    if (step.type === "arrive") {
      const hadNothing = ![...waiting, ...running].some(({ client }) => client === step.client);
      const leave = new AbortController();
      const share = { rows: 1, columns: step.columns, cacheBytes: 0 };
      const ticket = admission.enter({ client: String(step.client), share }, leave.signal);
      const seen: Seen = { client: step.client, columns: step.columns, ticket, overtaken: hadNothing ? 0 : undefined, leave };
      waiting.push(seen);
      void ticket.admitted.then(
        () => admit(seen),
        () => {},
      );
    } else if (step.type === "end") running.shift()?.ticket.leave(true);
    else waiting.splice(step.which % Math.max(1, waiting.length), 1)[0]?.leave.abort();
    await settled();
    const { running: inside, waiting: outside } = admission.stats();
    expect([inside, outside]).toEqual([running.length, waiting.length]);
    expect(inside <= rows && (outside === 0 || inside === rows)).toBe(true); // never too many, never idle while somebody waits
    const places = waiting.map(({ ticket }) => ticket.ahead()).toSorted((a, b) => a - b);
    expect(places).toEqual(places.map((_, i) => i)); // each has a place of its own
  }
}

it("lets a client that had nothing here wait for no more than one admission of each other client", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (steps, rows) => play(steps, rows)),
    { seed: 1, numRuns: 40 },
  );
});

it("gives clients that all want more the same work, up to a request of each", async () => {
  const columns = fc.array(fc.integer({ min: 1, max: MOST_COLUMNS }), { minLength: 20, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(columns, { minLength: CLIENTS, maxLength: CLIENTS }), fc.integer({ min: 4, max: 20 }), async (queues, admissions) => {
      const admission = new Admission({ limits: { rows: 1, tokens: Infinity, cacheBytes: Infinity }, maxWaiting: 1000, clock: () => 0 });
      const work = queues.map(() => 0);
      const admitted: Ticket[] = [];
      const never = new AbortController().signal;
      // whoever comes first would be admitted before the others are there
      const first = admission.enter({ client: "other", share: { rows: 1, columns: 1, cacheBytes: 0 } }, never);
      for (const [client, queue] of queues.entries())
        for (const own of queue) {
          const ticket = admission.enter({ client: String(client), share: { rows: 1, columns: own, cacheBytes: 0 } }, never);
          const admit = (): void => {
            work[client]! += own;
            admitted.push(ticket);
          };
          void ticket.admitted.then(admit);
        }
      first.leave(true);
      for (let i = 0; i < admissions; i++) {
        await settled();
        expect(Math.max(...work) - Math.min(...work)).toBeLessThanOrEqual(MOST_COLUMNS);
        admitted.shift()!.leave(true);
      }
    }),
    { seed: 2, numRuns: 20 },
  );
});
