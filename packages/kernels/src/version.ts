/**
 * What the operators of the library look like: their names, inputs, outputs and attributes. A library of another version is not
 * used. `VERSION` in c/register.c is the same number.
 */
export const KERNELS_VERSION = 1;
