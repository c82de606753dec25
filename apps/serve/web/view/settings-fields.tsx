import { change, defaults, facts, notice, permalink, settings } from "../store.ts";
import { ALGORITHMS, type Decoding, takesSteps } from "../settings.ts";

export function SettingsFields() {
  const { mode, compare, alg } = settings.value;
  return (
    <details class="settings">
      <summary>Settings</summary>
      <div class="fields">
        <AlgorithmField id="alg" label="Order" value={alg} onChange={(value) => change({ alg: value })} />
        {takesSteps(alg) && mode !== "fill" && <StepsField />}
        {alg === "threshold" && <ThresholdField id="threshold" name="threshold" />}
        <SamplingFields />
        {mode !== "chat" && (
          <label class="wide check">
            <input type="checkbox" checked={compare} onChange={(event) => change({ compare: event.currentTarget.checked })} />
            Compare with a second order
          </label>
        )}
        {compare && mode !== "chat" && <Other />}
        <div class="wide actions">
          <button type="button" class="quiet" onClick={() => (settings.value = { ...defaults.value, mode, prompt: settings.value.prompt })}>
            Reset
          </button>
          <button type="button" class="quiet" onClick={() => void copyLink()}>
            Copy a link to this
          </button>
          <span class="hint" role="status">
            {notice.value}
          </span>
        </div>
      </div>
    </details>
  );
}

function SamplingFields() {
  const { temperature, seed, cache, constraint } = settings.value;
  return (
    <>
      <label>
        Temperature
        <input
          type="number"
          min="0"
          max="2"
          step="0.1"
          value={temperature}
          onInput={(event) => change({ temperature: event.currentTarget.valueAsNumber || 0 })}
        />
      </label>
      <label>
        Seed
        <input
          type="number"
          min="0"
          step="1"
          placeholder="new each time"
          value={seed}
          onInput={(event) => change({ seed: event.currentTarget.value })}
        />
      </label>
      <label>
        Cache
        <select value={cache} onChange={(event) => change({ cache: event.currentTarget.value as Decoding["cache"] })}>
          <option value="none">none, exact</option>
          <option value="prefix">prefix</option>
          <option value="dual">dual</option>
          <option value="delayed">delayed</option>
        </select>
      </label>
      <label>
        Must be
        <select value={constraint} onChange={(event) => change({ constraint: event.currentTarget.value as Decoding["constraint"] })}>
          <option value="none">anything</option>
          <option value="python">Python that parses</option>
          <option value="regex">a match of a pattern</option>
          <option value="json_schema">JSON of a schema</option>
        </select>
      </label>
      <ConstraintField />
    </>
  );
}

/** The constraint's own text. */
function ConstraintField() {
  const { constraint, pattern, schema } = settings.value;
  if (constraint === "regex") {
    return (
      <label class="wide">
        Regular expression
        <input type="text" class="code" spellcheck={false} value={pattern} onInput={(event) => change({ pattern: event.currentTarget.value })} />
      </label>
    );
  }
  if (constraint !== "json_schema") return null;
  return (
    <label class="wide">
      JSON schema
      <textarea class="code" rows={4} spellcheck={false} value={schema} onInput={(event) => change({ schema: event.currentTarget.value })} />
    </label>
  );
}

function Other() {
  const { otherAlg } = settings.value;
  return (
    <>
      <AlgorithmField id="other-alg" label="Second order" value={otherAlg} onChange={(value) => change({ otherAlg: value })} />
      {otherAlg === "threshold" && <ThresholdField id="other-threshold" name="otherThreshold" />}
    </>
  );
}

interface AlgorithmFieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
}

function AlgorithmField({ id, label, value, onChange }: AlgorithmFieldProps) {
  const isListed = ALGORITHMS.some(([name]) => name === value);
  return (
    <label class="wide" for={id}>
      {label}
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {!isListed && <option value={value}>{value}</option>}
        {ALGORITHMS.map(([name, meaning]) => (
          <option key={name} value={name}>
            {name}: {meaning}
          </option>
        ))}
      </select>
    </label>
  );
}

function StepsField() {
  const { steps } = settings.value;
  return (
    <label class="wide" for="steps">
      <span>
        Denoising steps <output class="value">{steps}</output>
      </span>
      <input
        id="steps"
        type="range"
        min="1"
        max={facts.value?.max_new_tokens ?? 64}
        value={steps}
        onInput={(event) => change({ steps: event.currentTarget.valueAsNumber })}
      />
      <span class="hint">Fewer steps commit more tokens in each pass: faster, and more often wrong.</span>
    </label>
  );
}

function ThresholdField({ id, name }: { id: string; name: "threshold" | "otherThreshold" }) {
  const value = settings.value[name];
  return (
    <label class="wide" for={id}>
      <span>
        Threshold <output class="value">{value.toFixed(2)}</output>
      </span>
      <input
        id={id}
        type="range"
        min="0.05"
        max="1"
        step="0.05"
        value={value}
        onInput={(event) => change({ [name]: event.currentTarget.valueAsNumber })}
      />
      <span class="hint">A pass commits every token at least this probable. Lower is faster, and more often wrong.</span>
    </label>
  );
}

async function copyLink(): Promise<void> {
  const link = permalink();
  try {
    await navigator.clipboard.writeText(link);
    notice.value = "Copied.";
  } catch {
    location.href = link;
    notice.value = "The link is in the address bar.";
  }
}
