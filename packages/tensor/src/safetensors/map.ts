// A part of a file as memory: nothing is read before it is touched, processes that map the same file share it, and what the system
// needs the memory for is dropped and read again. Linux and macOS only, through mmap(2).
import { loadKoffi } from "../native-interface.ts";

/** The mapping is private: who writes to it gets a copy of the page, and the file stays as it is. */
const [PROT_READ_WRITE, MAP_PRIVATE] = [3, 2];
/** Offsets are multiples of a page, which has 4, 16 or 64 KiB. */
const LARGEST_PAGE = 1 << 16;

interface SystemCalls {
  /** @returns an address, or -1 */
  map: (descriptor: number, offset: number, bytes: number) => bigint;
  unmap: (address: bigint, bytes: number) => void;
  /** Memory that nobody else owns, as a buffer. */
  view: (address: bigint, bytes: number) => ArrayBuffer;
}

let systemCalls: SystemCalls | undefined | null = null;

const mapped = new FinalizationRegistry<() => void>((unmap) => unmap());

/** Tensors share mappings of about this size: each costs as much as reading a megabyte, and a buffer of gigabytes has no view of all. */
const WINDOW = 1 << 30;

/** Gives parts of a file as memory. */
export type FileMapper = (begin: number, bytes: number) => { buffer: ArrayBuffer; byteOffset: number } | undefined;

/**
 * Maps an open file, which may be closed afterwards. Whoever shortens the file ends the process: only for files that are replaced and
 * never changed. Parts are `undefined` where files cannot be mapped.
 */
export function fileMapper(descriptor: number, size: number): FileMapper {
  let [start, window]: [number, ArrayBuffer | undefined] = [0, undefined];
  return (begin, bytes) => {
    if (window === undefined || begin < start || begin + bytes > start + window.byteLength) {
      start = begin - (begin % LARGEST_PAGE);
      window = mapFile(descriptor, start, Math.min(size, Math.max(start + WINDOW, begin + bytes)) - start);
    }
    return window && { buffer: window, byteOffset: begin - start };
  };
}

/** @param begin a multiple of a page */
function mapFile(descriptor: number, begin: number, bytes: number): ArrayBuffer | undefined {
  systemCalls = systemCalls === null ? loadSystemCalls() : systemCalls;
  if (systemCalls === undefined || bytes === 0) return undefined;
  const { map, unmap, view } = systemCalls;
  const address = map(descriptor, begin, bytes);
  if (BigInt.asIntN(64, address) === -1n) return undefined;
  const buffer = view(address, bytes);
  mapped.register(buffer, () => unmap(address, bytes));
  return buffer;
}

function loadSystemCalls(): SystemCalls | undefined {
  if (process.platform !== "linux" && process.platform !== "darwin") return undefined;
  try {
    const koffi = loadKoffi();
    const library = koffi.load(null); // the C library that Node itself runs on
    const mmap = library.func("uint64_t mmap(uint64_t address, size_t bytes, int protection, int flags, int descriptor, int64_t offset)");
    const munmap = library.func("int munmap(uint64_t address, size_t bytes)");
    return {
      map: (descriptor, offset, bytes) => BigInt(mmap(0n, bytes, PROT_READ_WRITE, MAP_PRIVATE, descriptor, offset) as number | bigint),
      unmap: (address, bytes) => void munmap(address, bytes),
      view: (address, bytes) => koffi.view(address, bytes),
    };
  } catch {
    return undefined; // no koffi for this platform
  }
}
