import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "diffucoder-theme";

/** As the browser remembers it. */
export const theme = signal<Theme>(remembered());

effect(() => {
  const { value } = theme;
  if (value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
});

function remembered(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}
