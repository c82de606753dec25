import { isMet, type Measurement, type Result } from "./measurement.ts";

const headings = ["suite", "name", "ours", "peer", "ratio", "unit", "target"];

/** The results as lines of aligned columns. */
export function tableText(results: readonly Result[]): string {
  const rows = [headings, ...results.map(cells)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cells(result: Result): string[] {
  const { suite, name, ours, spread, peerSpread, peer, peerName, ratio, unit, note } = result;
  const other = peer === null ? (note ?? "-") : `${short(peer)}${range(peerSpread)} ${peerName}`;
  return [suite, name, `${short(ours)}${range(spread)}`, other, ratio === null ? "-" : ratio.toFixed(2), unit, targetText(result)];
}

function range(spread: Result["spread"]): string {
  return spread === undefined ? "" : ` (${short(spread[0])} to ${short(spread[1])})`;
}

function targetText(result: Result): string {
  const { target } = result;
  if (target === undefined) return "-";
  const bound = target.atMost === undefined ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
  const met = isMet(result);
  return `${target.of === "ratio" ? "ratio " : ""}${bound}: ${met === undefined ? "no peer" : met ? "met" : "MISSED"}`;
}

/** Three significant digits, and never an exponent. */
export function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 100 ? rounded.toFixed(0) : String(rounded);
}

/** The form that programs read. */
export function toJson(results: readonly Result[]): Measurement[] {
  return results.map(({ suite, name, ours, peer, peerName, ratio, unit }) => ({ suite, name, ours, peer, peerName, ratio, unit }));
}
