import type { KeyValueCache } from "@diffucoder/diffusion";
import { type NdArray, zerosArray } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { CacheRoom, rowsOfLength } from "./cache-room.ts";

/** Two layers, keys and values of three heads of two numbers: 96 bytes a column. */
const network = {
  emptyCache: ({ rows, length }: { rows: number; length: number }): KeyValueCache<NdArray> => {
    const layers = (): NdArray[] => [0, 1].map(() => zerosArray([rows * 3 * length, 2]));
    return { keys: layers(), values: layers() };
  },
};
const bytesOf = ({ cache }: CacheRoom): number => [...cache.keys, ...cache.values].reduce((sum, { data }) => sum + data.byteLength, 0);

describe("CacheRoom", () => {
  it("gives a row's columns what it gave of them, in another row, at another place and in another size", () => {
    const room = new CacheRoom(network, { rows: 8 });
    room.fit({ rows: 2, length: 16 });
    const values = Float32Array.from({ length: 5 * 24 }, (_, i) => i + 1);
    room.write(1, 3, values);
    expect(room.read(1, 3, 8)).toEqual(values);
    room.fit({ rows: 6, length: 40 });
    expect(room.read(1, 3, 8)).toEqual(values);
    room.write(5, 30, room.read(1, 3, 8));
    expect(room.read(5, 30, 35)).toEqual(values);
    expect(new Set(room.read(1, 8, 40))).toEqual(new Set([0]));
  });

  it("has a row that holds nothing only where batches may be filled up", () => {
    const room = new CacheRoom(network, { rows: 8 });
    room.fit({ rows: 1, length: 8 });
    expect(bytesOf(room)).toBe(8 * 96);
    room.fit({ rows: 5, length: 8 });
    expect(bytesOf(room)).toBe(7 * 8 * 96); // six can be lent
  });

  it("takes no more bytes than it may, and is no larger than it must be where that is little", () => {
    const room = new CacheRoom(network, { rows: 8, bytes: 48 * 96 });
    room.fit({ rows: 4, length: 8 });
    room.fit({ rows: 3, length: 8 });
    expect(room.size).toEqual({ rows: 4, length: 8 }); // rows that leave move nothing
    room.fit({ rows: 3, length: 12 });
    expect(room.size).toEqual({ rows: 3, length: 16 });
  });

  it("says what does not fit", () => {
    const room = new CacheRoom(network, { rows: 8, bytes: 40 * 96 });
    expect(() => room.fit({ rows: 3, length: 24 })).toThrow(
      "Keys and values of 3 rows of 24 tokens do not fit into the 3840 bytes of maxCacheBytes. Decode fewer or shorter rows together, or raise it.",
    );
  });

  it("counts the rows of a length for which there is room", () => {
    const rows = (length: number, columns: number) => rowsOfLength(network, length, { rows: 6, bytes: columns * 96 });
    expect([rows(8, 7), rows(8, 8), rows(8, 31), rows(8, 32), rows(8, 55), rows(8, 56), rows(9, 15), rows(9, 16)]).toEqual([0, 1, 3, 4, 4, 6, 0, 1]);
    expect(rowsOfLength(network, 8, { rows: 6 })).toBe(6);
  });
});
