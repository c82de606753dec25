import { format } from "d3-format";

const significant = format(".3~g");
const grouped = format(",");
const share = format(".1f");
const points = format("+.1f");

/** Three significant digits, integers in full, `n/a` if not finite: `0.0312`, `1,024`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "n/a";
  if (Number.isInteger(value)) return grouped(value);
  const size = Math.abs(value);
  return size >= 1000 ? grouped(Math.round(value)) : size < 1e-3 ? format(".2~e")(value) : significant(value);
}

/** A share in percent: `31.2 %`. */
export function formatPercent(value: number): string {
  return Number.isFinite(value) ? `${share(value * 100)}\u00a0%` : "n/a";
}

/** A difference of shares in percentage points: `+11.3`. */
export function formatPoints(value: number): string {
  return Number.isFinite(value) ? points(value * 100) : "n/a";
}

/** `9 min 42 s`, `48 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "n/a";
  const whole = Math.round(seconds);
  if (seconds < 10) return `${significant(seconds)}\u00a0s`;
  return whole < 60 ? `${whole}\u00a0s` : `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
}
