// New memory is not there before it is touched: the system finds and clears a page of 4096 bytes at a time, which takes longer
// than filling it. For large arrays a second thread touches one half while the caller fills the other.
import { loadKoffi } from "../native-interface.ts";

/** Below this, starting the thread costs more than it saves. Bytes. */
const SMALLEST = 8 << 20;
const PAGE = 4096n;
/** madvise(2): make these pages present, as writing to them would. Since Linux 5.14; older ones refuse. */
const MADV_POPULATE_WRITE = 23;

interface SystemCalls {
  addressOf: (data: ArrayBufferView) => bigint;
  /** Starts the call in another thread. */
  populate: (address: bigint, bytes: bigint) => void;
}

let systemCalls: SystemCalls | undefined | null = null;

/** Begins to make the second half of new memory present. It changes no byte, and where it cannot be done, nothing happens. */
export function prefaultSecondHalf(data: ArrayBufferView): void {
  if (data.byteLength < SMALLEST) return;
  systemCalls = systemCalls === null ? loadSystemCalls() : systemCalls;
  if (systemCalls === undefined) return;
  const begin = systemCalls.addressOf(data);
  const end = begin + BigInt(data.byteLength);
  const middle = ((begin + end) / 2n / PAGE) * PAGE;
  systemCalls.populate(middle, (end / PAGE) * PAGE - middle);
}

function loadSystemCalls(): SystemCalls | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const koffi = loadKoffi();
    const madvise = koffi.load("libc.so.6").func("int madvise(uintptr_t address, size_t bytes, int advice)");
    return {
      addressOf: (data) => koffi.address(data),
      // Should the memory be freed before it is done, the call finds it gone and ends: it never writes to what is there.
      populate: (address, bytes) => madvise.async(address, bytes, MADV_POPULATE_WRITE, () => {}),
    };
  } catch {
    return undefined; // no koffi for this platform, or another C library
  }
}
