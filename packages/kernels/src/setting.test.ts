import { describe, expect, it } from "vitest";
import { readKernelSetting } from "./setting.ts";

describe("readKernelSetting", () => {
  it("is on where nothing is set, off for 0, and takes a level or a library", () => {
    expect(readKernelSetting(undefined)).toEqual({ isOn: true });
    expect(readKernelSetting("")).toEqual({ isOn: true });
    expect(readKernelSetting("0")).toEqual({ isOn: false });
    expect(readKernelSetting("avx2")).toEqual({ isOn: true, level: "avx2" });
    expect(readKernelSetting("/opt/diffucoder-kernels.so")).toEqual({ isOn: true, path: "/opt/diffucoder-kernels.so" });
  });

  it("refuses anything else", () => {
    for (const value of ["1", "off", "AVX2", "kernels.so"])
      expect(() => readKernelSetting(value)).toThrow(
        `DIFFUCODER_KERNELS must be 0, scalar, avx2, avx512 or the absolute path of a library, got "${value}".`,
      );
  });
});
