/** The page's only script: replays reveal orders and reads out the curves. It takes its data from attributes. */
export const script = `
for (const view of document.querySelectorAll(".reveal")) {
  const steps = Number(view.dataset.steps);
  const tokens = [...view.querySelectorAll(".token")];
  const slider = view.querySelector("input");
  const button = view.querySelector("button");
  const output = view.querySelector("output");
  let timer;
  const show = () => {
    const done = Number(slider.value);
    let revealed = 0;
    for (const token of tokens) {
      const hidden = Number(token.dataset.step) >= done;
      token.classList.toggle("masked", hidden);
      token.classList.toggle("fresh", !hidden && Number(token.dataset.step) === done - 1);
      if (!hidden) revealed++;
    }
    output.textContent = "after step " + done + " of " + steps + ": " + revealed + " of " + tokens.length + " tokens";
  };
  const stop = () => { clearInterval(timer); timer = undefined; button.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => {
    if (timer !== undefined) return stop();
    if (slider.value === slider.max) slider.value = 0;
    button.textContent = "Pause";
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (slider.value === slider.max) stop();
    }, Math.max(60, Math.min(400, 6000 / steps)));
    show();
  });
  view.querySelector(".player").hidden = false;
  show();
}
for (const svg of document.querySelectorAll("svg[data-points]")) {
  const points = JSON.parse(svg.dataset.points).filter((point) => point[1] !== null);
  const cursor = svg.querySelector(".cursor");
  const readout = svg.querySelector(".readout");
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    const [px, , step, value] = points.reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));
    cursor.setAttribute("d", "M" + px + " 12V172");
    readout.textContent = "iteration " + step + ": " + value;
    readout.setAttribute("x", px > 200 ? px - 6 : px + 6);
    readout.setAttribute("text-anchor", px > 200 ? "end" : "start");
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("d", ""); readout.textContent = ""; });
}
`;
