import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { crc32c, EVENTS_FILE, writeMetricsEvents } from "./metrics-events.ts";

it("crc32c has the known values of RFC 3720, B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

it("writeMetricsEvents writes a record for the version and each line, byte by byte", () => {
  const folder = mkdtempSync(join(tmpdir(), "metrics-events-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "metrics.jsonl");
  writeFileSync(path, '{"step":300,"loss":0.5,"seconds":2}\n{"step":300,"evalPassAt1":1}\n{"step":301,"lo');
  writeMetricsEvents(path);
  const file = readFileSync(join(folder, EVENTS_FILE));
  const records: string[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    records.push(file.toString("hex", at + 12, at + 12 + length));
    at += 16 + length;
  }
  const hex = (text: string): string => Buffer.from(text).toString("hex");
  const two = "0000000000000040"; // 2 as a double
  const step = "10ac02"; // field 2: 300 = 0b10_0101100
  expect(records).toEqual([
    ["090000000000000000", "1a0d", hex("brain.Event:2")].join(""),
    ["09", two, step, "2a1d", "0a0b0a04", hex("loss"), "150000003f", "0a0e0a07", hex("seconds"), "1500000040"].join(""),
    ["09", two, step, "2a14", "0a120a0b", hex("evalPassAt1"), "150000803f"].join(""),
  ]);
});
