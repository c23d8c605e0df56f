// Charts answer the pointer and the arrow keys: the step's words and a band where it is. Without it
// they have the browser's own tooltips and a table. It asks for nothing and writes text alone.
(() => {
  const enliven = (plot) => {
    const tip = document.createElement("p");
    tip.className = "es-tip";
    tip.setAttribute("role", "status");
    tip.hidden = true;
    plot.append(tip);
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Chart: the arrow keys go from value to value");
    const hits = (svg) => [...svg.querySelectorAll(".es-hit")];
    const words = new Map();
    plot.querySelectorAll(".es-hit").forEach((hit) => {
      const title = hit.querySelector("title");
      words.set(hit, title.textContent);
      title.remove();
    });
    const visible = () => [...plot.querySelectorAll("svg")].find((svg) => svg.clientWidth);
    let at = null;

    const leave = () => {
      at?.classList.remove("es-hit--here");
      at = null;
      tip.hidden = true;
    };
    const show = (hit) => {
      if (hit === at) return;
      leave();
      at = hit;
      hit.classList.add("es-hit--here");
      tip.textContent = words.get(hit);
      tip.hidden = false;
      // Beside the band, so that what it tells of can be seen: to the right, else to the left. The
      // band is a line's stroke, which the line's own box hasn't.
      tip.style.left = "0";
      const [box, frame] = [hit.getBoundingClientRect(), plot.getBoundingClientRect()];
      const off = (parseFloat(getComputedStyle(hit).strokeWidth) * hit.getScreenCTM().a) / 2 + 8;
      const middle = box.left + box.width / 2 - frame.left;
      const [before, after] = [middle - off - tip.offsetWidth, middle + off];
      const fits = after + tip.offsetWidth <= frame.width;
      tip.style.left = `${fits ? after : Math.max(0, before)}px`;
    };
    const nearest = (svg, x) => {
      let best = null;
      let least = Infinity;
      hits(svg).forEach((hit) => {
        const box = hit.getBoundingClientRect();
        const off = Math.abs(box.left + box.width / 2 - x);
        if (off < least) [best, least] = [hit, off];
      });
      return best;
    };

    plot.addEventListener("pointermove", (event) => {
      const svg = event.target.closest("svg");
      if (svg && hits(svg).length) show(nearest(svg, event.clientX));
    });
    plot.addEventListener("pointerleave", leave);
    plot.addEventListener("blur", leave);
    plot.addEventListener("keydown", (event) => {
      const all = hits(visible());
      const here = all.indexOf(at);
      const next = {
        ArrowRight: here + 1,
        ArrowLeft: here < 0 ? all.length - 1 : here - 1,
        Home: 0,
        End: all.length - 1,
      }[event.key];
      if (event.key === "Escape") leave();
      if (next === undefined) return;
      event.preventDefault();
      show(all[Math.max(0, Math.min(next, all.length - 1))]);
    });
  };

  document.querySelectorAll(".es-plot").forEach(enliven);
})();
