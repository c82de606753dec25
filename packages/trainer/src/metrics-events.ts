// Metrics as TensorBoard reads them. A file is records, each
//   length (uint64)  masked crc of the length (uint32)  data  masked crc of the data (uint32)      all little-endian
// with crc32c, masked by ((crc >> 15) | (crc << 17)) + 0xa282ead8, and as data an Event in protocol buffers:
//   wall_time = 1 (double)  step = 2 (int64)  file_version = 3 (string)  summary = 5 { value = 1 { tag = 1, simple_value = 2 (float) } }
// (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
// Differs: wall_time counts the seconds of work from 0, so that the same run gives the same file.
import { dirname, join } from "node:path";
import { readJsonLines, writeFileAtomic } from "@diffucoder/core";
import type { StepMetrics } from "./metrics-log.ts";

/** The events file beside a metrics file. */
export const EVENTS_FILE = "events.out.tfevents.0";

/**
 * Copies a metrics file to an events file beside it, which `tensorboard --logdir` finds: a series for each figure.
 *
 * @throws {FileError}
 */
export function writeMetricsEvents(path: string): void {
  const lines = readJsonLines(path, { check: (value) => value as StepMetrics, dropCutLine: true });
  let seconds = 0;
  const events = lines.map(({ step, ...figures }) => {
    seconds += figures["seconds"] ?? 0;
    return event(seconds, step, figures);
  });
  const version = Buffer.concat([double(1, 0), bytes(3, Buffer.from("brain.Event:2"))]);
  writeFileAtomic(join(dirname(path), EVENTS_FILE), Buffer.concat([version, ...events].map(record)));
}

function event(wallTime: number, step: number, figures: Readonly<Record<string, number>>): Buffer {
  const values = Object.entries(figures).filter(([, value]) => typeof value === "number");
  const summary = values.map(([tag, value]) => bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])));
  return Buffer.concat([double(1, wallTime), varint(2 << 3), varint(step), bytes(5, Buffer.concat(summary))]);
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedCrc(length), data, maskedCrc(data)]);
}

function double(field: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), data]);
}

function float(field: number, value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), data]);
}

function bytes(field: number, data: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
}

function varint(value: number): Buffer {
  const data: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) data.push((rest % 128) + 128);
  return Buffer.from([...data, rest]);
}

/** The table of crc32c, an entry for each byte: the Castagnoli polynomial, reflected. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** crc32c of bytes. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function maskedCrc(data: Uint8Array): Buffer {
  const crc = crc32c(data);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const written = Buffer.alloc(4);
  written.writeUInt32LE(masked);
  return written;
}
