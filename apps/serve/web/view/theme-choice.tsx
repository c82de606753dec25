import { theme, type Theme } from "../theme.ts";

export function ThemeChoice() {
  return (
    <label class="theme">
      Theme
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">as the system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  );
}
