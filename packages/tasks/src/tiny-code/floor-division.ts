/** Python's `//` and `%`: rounding toward minus infinity, remainder with the sign of the divisor. */
export const floorDivide = (a: number, b: number): number => Math.floor(a / b);
export const floorModulo = (a: number, b: number): number => a - b * Math.floor(a / b);
