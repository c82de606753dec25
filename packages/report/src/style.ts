/** The page's style sheet; light and dark follow the reader's system. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --line: #d9dde3; --ink: #1b1f24; --muted: #59626e; --before: #6b7583; --after: #0b66c3; --good: #176f3a; --bad: #b3261e; --mask: #cfd4db; --early: oklch(0.94 0.1 98); --late: oklch(0.8 0.11 262); }
@media (prefers-color-scheme: dark) { :root { --paper: #121519; --card: #1b1f25; --line: #343b45; --ink: #e7eaee; --muted: #a1abb8; --before: #9aa4b1; --after: #62b0ff; --good: #6ccf8e; --bad: #ff8a80; --mask: #3a424d; --early: oklch(0.5 0.1 90); --late: oklch(0.42 0.14 264); } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 1.25rem; margin: 40px 0 12px; padding-top: 16px; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 8px; }
.pair + h3 { margin-top: 24px; }
h4 { font-size: 0.85rem; margin: 16px 0 4px; color: var(--muted); font-weight: 600; }
p { margin: 8px 0; max-width: 75ch; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.85rem; }
pre { margin: 4px 0; padding: 10px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 460px; overflow: auto; }
.muted { color: var(--muted); font-size: 0.9rem; font-weight: 400; }
.headline { font-size: 1.5rem; margin: 12px 0; max-width: none; }
.headline b { font-size: 2.2rem; white-space: nowrap; }
.headline .before { color: var(--before); }
.headline .after { color: var(--after); }
.headline .delta { font-size: 1.05rem; display: block; }
.pair, .charts { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.charts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }
.pair > *, .charts > *, .example > * { min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-bottom: 20px; }
.pair .card { margin-bottom: 0; }
.example { display: grid; gap: 0 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg text.tick { font-size: 11px; fill: var(--muted); }
svg .label { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
svg .value { font-weight: 600; }
svg .grid { stroke: var(--line); fill: none; }
svg .zero { stroke: var(--muted); fill: none; }
svg .bar { stroke-width: 2.5; fill: none; }
svg .bar.before { stroke: var(--before); }
svg .bar.after, svg .bar.difference { stroke: var(--after); }
svg circle.before { fill: var(--before); }
svg circle.after, svg circle.difference, svg .dot { fill: var(--after); }
svg .values { fill: none; stroke: var(--after); opacity: 0.35; stroke-width: 1; }
svg .mean { fill: none; stroke: var(--after); stroke-width: 2.25; stroke-linejoin: round; }
svg .front { fill: none; stroke: var(--muted); stroke-dasharray: 3 3; }
svg .point path { fill: none; stroke-width: 1.5; opacity: 0.45; }
svg .group-0 { fill: var(--before); stroke: var(--before); }
svg .group-1 { fill: var(--after); stroke: var(--after); }
svg .group-2 { fill: var(--good); stroke: var(--good); }
svg .group-3 { fill: var(--bad); stroke: var(--bad); }
svg .group-4 { fill: var(--ink); stroke: var(--ink); }
svg .point text { stroke: none; }
svg .cursor { stroke: var(--muted); stroke-dasharray: 2 3; }
svg .readout { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.chart { margin: 0; }
.chart figcaption { font-weight: 600; }
.chart p { margin: 2px 0 0; font-size: 0.8rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); }
td { overflow-wrap: anywhere; }
.stack { table-layout: fixed; }
.stack th:nth-child(1) { width: 36%; }
.stack th:nth-child(4) { width: 22%; }
.settings th { width: 11rem; font-weight: 400; }
.example .settings th { width: 6rem; }
.numbers td, .numbers th { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.scroll td { overflow-wrap: break-word; }
.tall { max-height: 420px; overflow-y: auto; }
details { margin: 12px 0; }
summary { cursor: pointer; color: var(--muted); font-size: 0.9rem; }
.badge { font-size: 0.85rem; padding: 1px 8px; border: 1px solid currentColor; border-radius: 10px; white-space: nowrap; }
.good { color: var(--good); }
.bad { color: var(--bad); }
td.good, td.bad { white-space: nowrap; }
.player { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
.player[hidden] { display: none; }
.player button { font: inherit; font-size: 0.9rem; min-width: 72px; padding: 4px 12px; border: 1px solid var(--muted); border-radius: 6px; background: var(--paper); color: var(--ink); cursor: pointer; }
.player input { flex: 1 1 160px; accent-color: var(--after); min-width: 0; }
.player output { font-size: 0.9rem; color: var(--muted); font-variant-numeric: tabular-nums; flex: 0 0 auto; }
.scale { display: flex; gap: 8px; align-items: center; margin: 8px 0; }
.ramp { width: 120px; height: 10px; border-radius: 5px; background: linear-gradient(in oklch to right, var(--early), var(--late)); }
.tokens { line-height: 1.9; max-height: none; }
.token { background: color-mix(in oklch, var(--late) calc(var(--t, 0) * 100%), var(--early)); border-radius: 3px; padding: 2px 0; box-shadow: inset -1.5px 0 0 var(--paper); }
.token.given { background: none; }
.token.masked { background: var(--mask); color: transparent; }
.token.fresh { outline: 2px solid var(--after); }
.token i { font-style: normal; opacity: 0.45; }
@media (max-width: 560px) {
  body { padding: 16px 12px 48px; }
  .card { padding: 12px; }
  .stack thead { display: none; }
  .stack tr { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); }
  .stack td { display: grid; grid-template-columns: 84px 1fr; border: 0; padding: 2px 0; }
  .stack td::before { content: attr(data-label); color: var(--muted); }
}
svg .curve { fill: none; stroke: var(--s); stroke-width: 2.25; stroke-linejoin: round; stroke-dasharray: var(--d, none); }
svg .band { fill: var(--s); stroke: none; opacity: 0.14; }
.series-0 { --s: #0072b2; } .series-1 { --s: #d55e00; --d: 6 3; } .series-2 { --s: #009e73; --d: 2 2; } .series-3 { --s: #cc79a7; --d: 8 3 2 3; }
.series-4 { --s: #b08900; --d: 12 3; } .series-5 { --s: #56b4e9; --d: 4 4; } .series-6 { --s: var(--ink); --d: 1 3; } .series-7 { --s: var(--muted); --d: 10 2 2 2; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; max-width: none; }
.key { display: inline-flex; gap: 6px; align-items: center; font-size: 0.9rem; }
.key svg { width: 28px; flex: none; }
.sides { display: grid; gap: 0 28px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); align-items: start; }
.sides > * { min-width: 0; }
.verdicts { padding-left: 20px; }
.verdicts .muted { display: block; }
a { color: var(--after); }
@media print { .player { display: none; } body { padding: 0; font-size: 13px; } .chart, tr { break-inside: avoid; } pre, .tall { max-height: none; } }
`;
