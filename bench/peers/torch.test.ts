import { afterEach, expect, it, vi } from "vitest";
import { findTorch, usesReferenceBlas } from "./torch.ts";

afterEach(() => vi.unstubAllEnvs());

it("takes the Python that TORCH_PYTHON names, and no other", () => {
  vi.stubEnv("TORCH_PYTHON", "/nowhere/python");
  expect(findTorch()).toEqual({ problem: "not in TORCH_PYTHON, /nowhere/python" });
});

it("tells the reference BLAS from the ones that are worth a comparison", () => {
  const torch = "/usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13.1 /usr/lib/x86_64-linux-gnu/libc.so.6";
  expect(usesReferenceBlas(`${torch} /usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0`)).toBe(true);
  const openblas = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3 /usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so";
  expect(usesReferenceBlas(`${torch} ${openblas}`)).toBe(false);
  expect(usesReferenceBlas(torch)).toBe(false); // its own build of MKL, as in the wheels from PyPI
});
