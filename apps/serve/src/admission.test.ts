import { describe, expect, it } from "vitest";
import { Admission, type Arrival, type Ticket } from "./admission.ts";

const never = new AbortController().signal;

/** A door, a clock that the test moves, and who has been admitted so far. */
function door({ rows = 2, tokens = Infinity, cacheBytes = Infinity, maxWaiting = 8 } = {}) {
  const time = { now: 0 };
  const admission = new Admission({ limits: { rows, tokens, cacheBytes }, maxWaiting, clock: () => time.now });
  const log: string[] = [];
  const arrive = (name: string, { columns = 10, signal = never, ...rest }: Partial<Omit<Arrival, "share">> & Shares = {}): Ticket => {
    const { rows: own = 1, cacheBytes: bytes = 0, ...arrival } = rest;
    const ticket = admission.enter({ client: name[0]!, share: { rows: own, columns, cacheBytes: bytes }, ...arrival }, signal);
    void ticket.admitted.then(
      () => log.push(name),
      (error: Error) => log.push(`${name}: ${error.message}`),
    );
    return ticket;
  };
  return { admission, arrive, log, time };
}
type Shares = { rows?: number; columns?: number; cacheBytes?: number; signal?: AbortSignal };

/** Lets promises that are settled tell whoever waits for them. */
const settled = async () => {
  for (let i = 0; i < 4; i++) await Promise.resolve();
};

describe("Admission", () => {
  it("admits what fits, and the next as soon as one leaves", async () => {
    const { admission, arrive, log } = door();
    const [first, , third] = [arrive("a1"), arrive("a2"), arrive("a3")];
    await settled();
    expect([log, third.ahead()]).toEqual([["a1", "a2"], 0]);
    expect(admission.stats()).toEqual({ running: 2, waiting: 1, share: { rows: 2, columns: 10, cacheBytes: 0 } });
    first.leave(true);
    first.leave(true); // harmless
    await settled();
    expect([log, admission.stats().running]).toEqual([["a1", "a2", "a3"], 2]);
  });

  it.each([
    ["rows", { rows: 4 }, { rows: 3 }],
    ["tokens, each row as long as the longest", { rows: 9, tokens: 100 }, { columns: 51 }],
    ["bytes of caches", { rows: 9, cacheBytes: 100 }, { cacheBytes: 51 }],
  ])("counts %s", async (_, limits, share) => {
    const { arrive, log } = door(limits);
    const first = arrive("a1", share);
    arrive("b1", share);
    await settled();
    expect(log).toEqual(["a1"]);
    first.leave(true);
    await settled();
    expect(log).toEqual(["a1", "b1"]);
  });

  it("lets a request that takes more than there is run alone, and nobody overtake it", async () => {
    const { arrive, log } = door({ rows: 2 });
    const first = arrive("a1");
    const large = arrive("b1", { rows: 5 });
    arrive("c1");
    await settled();
    expect(log).toEqual(["a1"]); // c1 would fit
    first.leave(true);
    await settled();
    expect(log).toEqual(["a1", "b1"]);
    large.leave(true);
    await settled();
    expect(log).toEqual(["a1", "b1", "c1"]);
  });

  it("takes the client next that has had least, by work and not by requests", async () => {
    const { arrive, log } = door({ rows: 1 });
    let running = arrive("a0", { columns: 30 });
    const waiting = [arrive("a1", { columns: 30 }), arrive("a2", { columns: 30 }), ...["b1", "b2", "b3", "b4"].map((name) => arrive(name))];
    expect(waiting.map((ticket) => ticket.ahead())).toEqual([3, 5, 0, 1, 2, 4]);
    for (const next of [waiting[2]!, waiting[3]!, waiting[4]!, waiting[0]!, waiting[5]!]) {
      running.leave(true);
      await settled();
      running = next;
    }
    expect(log).toEqual(["a0", "b1", "b2", "b3", "a1", "b4"]);
  });

  it("gives up the place of a client that leaves, and charges nothing for it", async () => {
    const { admission, arrive, log } = door({ rows: 1 });
    const first = arrive("a1");
    const leaving = new AbortController();
    arrive("b1", { signal: leaving.signal, columns: 1000 });
    arrive("b2");
    leaving.abort(new Error("gone"));
    await settled();
    expect([log, admission.stats().waiting]).toEqual([["a1", "b1: gone"], 1]);
    first.leave(true);
    await settled();
    expect(log.at(-1)).toBe("b2");
    expect(() => arrive("c1", { signal: leaving.signal })).toThrow("gone");
  });

  it("refuses when too many wait, unless another client has more of them", async () => {
    const { arrive, log } = door({ rows: 1, maxWaiting: 3 });
    for (const name of ["a0", "a1", "a2", "a3"]) arrive(name);
    const full = { status: 429, code: "queue_full", message: "Too many requests are waiting. Try again in 1 second.", retryAfterSeconds: 1 };
    expect(() => arrive("a4")).toThrow(expect.objectContaining(full));
    arrive("b1"); // takes the place of a3
    await settled();
    expect(log).toEqual(["a0", `a3: ${full.message}`]);
    expect(() => arrive("b2")).toThrow(expect.objectContaining(full)); // each has its half
  });

  it("takes nobody in to wait where nobody may, and runs what there is room for", async () => {
    const { arrive, log } = door({ rows: 1, maxWaiting: 0 });
    const first = arrive("a1");
    expect(() => arrive("b1")).toThrow("Too many requests are waiting.");
    first.leave(true);
    arrive("b2");
    await settled();
    expect(log).toEqual(["a1", "b2"]);
  });

  it("holds a client to its own limit", () => {
    const { arrive } = door({ rows: 1 });
    for (const name of ["a1", "a2"]) arrive(name, { clientLimit: 2 });
    expect(() => arrive("a3", { clientLimit: 2 })).toThrow(
      expect.objectContaining({ code: "client_limit", message: "You have 2 requests here, as many as you may. Try again in 1 second." }),
    );
    arrive("b1", { clientLimit: 1 });
  });

  it("says by the work of late when to try again", () => {
    const { admission, arrive, time } = door({ rows: 1 });
    const [first, second] = [arrive("a1", { columns: 40 }), arrive("a2", { columns: 80 })];
    arrive("a3", { columns: 160 });
    expect(admission.retryAfterSeconds).toBe(1);
    time.now = 3;
    expect(admission.retryAfterSeconds).toBe(3); // nothing has been done yet, for so long
    time.now = 4;
    first.leave(true); // 10 columns a second
    expect(admission.retryAfterSeconds).toBe(16);
    time.now = 8;
    second.leave(true); // 15 columns a second
    arrive("a4", { columns: 300 });
    expect(admission.retryAfterSeconds).toBeGreaterThan(18);
    expect(admission.retryAfterSeconds).toBeLessThan(22); // what is recent counts a little more
  });

  it("says when nothing is left", async () => {
    const { admission, arrive } = door({ rows: 1 });
    await admission.whenIdle();
    const tickets = [arrive("a1"), arrive("b1")];
    let idle = false;
    const waited = admission.whenIdle().then(() => (idle = true));
    tickets[0]!.leave(true);
    await settled();
    expect(idle).toBe(false);
    tickets[1]!.leave(false);
    await waited;
  });
});
