// Shows the values under the pointer. Names come from files: they are set as text, never as markup.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const element = (name, parent, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const nearest = (points, x) =>
    points.reduce((best, point) => (Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best));
  for (const chart of document.querySelectorAll("svg.chart")) {
    const series = JSON.parse(chart.dataset.hover).filter((one) => one.p.length > 0);
    if (series.length === 0) continue;
    const marks = document.createElementNS(SVG, "g");
    chart.append(marks);
    const hide = () => {
      tip.hidden = true;
      marks.replaceChildren();
    };
    const show = (event) => {
      const box = chart.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
      const near = series.map((one) => [one, nearest(one.p, x)]);
      const at = near.map(([, point]) => point).reduce((a, b) => (Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a));
      tip.replaceChildren();
      marks.replaceChildren();
      element("strong", tip, at[2]);
      const cross = document.createElementNS(SVG, "path");
      cross.setAttribute("class", "cross");
      cross.setAttribute("d", `M${at[0]} 16V250`);
      marks.append(cross);
      for (const [one, point] of near.filter(([, point]) => Math.abs(point[0] - at[0]) < 15).slice(0, 16)) {
        const row = element("div", tip);
        element("i", row).style.background = `var(--c${one.c})`;
        element("span", row, one.n);
        element("span", row, point[3]);
        const dot = document.createElementNS(SVG, "circle");
        dot.setAttribute("class", `dot c${one.c}`);
        dot.setAttribute("cx", point[0]);
        dot.setAttribute("cy", point[1]);
        dot.setAttribute("r", 4);
        marks.append(dot);
      }
      tip.hidden = false;
      const size = tip.getBoundingClientRect();
      const room = event.clientX + size.width + 24 < innerWidth;
      tip.style.left = `${Math.max(4, room ? event.clientX + 16 : event.clientX - size.width - 16)}px`;
      tip.style.top = `${Math.max(4, Math.min(event.clientY - size.height / 2, innerHeight - size.height - 4))}px`;
    };
    chart.addEventListener("pointermove", show);
    chart.addEventListener("pointerdown", show);
    chart.addEventListener("pointerleave", hide);
  }
})();
