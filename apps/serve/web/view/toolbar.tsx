import { colorBy, first, second, speed } from "../store.ts";

const SPEEDS: readonly (readonly [number, string])[] = [
  [4, "4 steps a second"],
  [12, "12 steps a second"],
  [30, "30 steps a second"],
  [0, "at once"],
];

/** How runs are shown. */
export function Toolbar() {
  const isPass = colorBy.value === "pass";
  return (
    <div class="toolbar">
      <fieldset>
        <legend>Color by</legend>
        {(["pass", "confidence"] as const).map((value) => (
          <label key={value}>
            <input type="radio" name="color" value={value} checked={colorBy.value === value} onChange={() => (colorBy.value = value)} />
            {value}
          </label>
        ))}
      </fieldset>
      <div class={`key by-${colorBy.value}`} aria-hidden="true">
        {isPass ? "first" : "unsure"}
        <span class="ramp" />
        {isPass ? "last" : "sure"}
      </div>
      <label class="speed">
        Show
        <select
          value={String(speed.value)}
          onChange={(event) => {
            speed.value = Number(event.currentTarget.value);
            for (const run of [first, second]) if (run.isPlaying.value) run.play();
          }}
        >
          {SPEEDS.map(([value, label]) => (
            <option key={value} value={String(value)}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
