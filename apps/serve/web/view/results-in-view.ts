/** On a narrow screen the results are below the form. */
export function bringResultsIntoView(): void {
  const results = document.querySelector(".results");
  if (results === null || results.getBoundingClientRect().top < innerHeight / 2) return;
  results.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
}
