// The tree on the left: only the rows that can be seen exist, however long the trace is.

const SHORT = { chain: "CHN", agent: "AGT", llm: "LLM", tool: "TOL", retriever: "RTV", embedding: "EMB", reranker: "RNK", guardrail: "GRD", evaluator: "EVL", prompt: "PRM", span: "SPN" };
const SPARE_ROWS = 12;

function makeTree(steps, total, onSelect) {
  const scroller = document.getElementById("tree"), holder = document.getElementById("rows");
  const folded = new Set();
  let shown = [], place = new Map(), here = 0, kept = null, hits = null, height = 28;

  // A step comes after its parent, but not always right behind it: children are put under it here.
  const children = new Map([[-1, []]]);
  steps.forEach((step, index) => { children.set(index, []); children.get(step.parent).push(index); });

  function lay() {
    shown = [];
    const stack = [...children.get(-1)].reverse();
    while (stack.length) {
      const index = stack.pop();
      if (kept && !kept.has(index)) continue;
      shown.push(index);
      if (!folded.has(index) || kept) for (const child of [...children.get(index)].reverse()) stack.push(child);
    }
    place = new Map(shown.map((index, row) => [index, row]));
    height = matchMedia("(max-width: 820px)").matches ? 36 : 28;
    holder.style.height = `${shown.length * height}px`;
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / height) - SPARE_ROWS);
    const last = Math.min(shown.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + SPARE_ROWS);
    const rows = [];
    for (let row = first; row < last; row++) rows.push(rowOf(shown[row], row));
    holder.replaceChildren(...rows);
    scroller.setAttribute("aria-activedescendant", `step-${here}`);
  }

  function rowOf(index, row) {
    const step = steps[index], has = children.get(index).length > 0;
    const twist = make("span", "twist", has ? (folded.has(index) && !kept ? "▸" : "▾") : "");
    if (has) twist.addEventListener("click", (event) => { event.stopPropagation(); fold(index); });
    const kind = make("span", "kind", SHORT[step.kind] ?? "SPN");
    kind.style.color = `var(--kind-${step.kind})`;
    const label = make("span", "label", twist, make("span", "state", SIGNS[step.status] ?? ""), kind, make("span", "text", visible(step.name)), step.model ? make("span", "model", visible(step.model)) : null);
    label.style.paddingLeft = `${Math.min(step.depth, 24) * 14 + 4}px`;
    const bar = make("span", "bar");
    bar.style.left = `${Math.min(99.5, (step.at / total) * 100)}%`;
    bar.style.width = `${Math.max(0.5, Math.min(100, ((step.ms ?? 0) / total) * 100))}%`;
    bar.style.color = step.status === "error" ? "var(--error)" : `var(--kind-${step.kind})`;
    const classes = ["row", step.status, index === here ? "here" : "", step.depth ? "" : "root", hits && !hits.has(index) ? "above" : ""];
    const element = make("div", classes.join(" "), label, make("span", "lane", bar), make("span", "took", duration(step.ms)));
    element.id = `step-${index}`;
    element.style.top = `${row * height}px`;
    element.setAttribute("role", "treeitem");
    element.setAttribute("aria-level", String(step.depth + 1));
    element.setAttribute("aria-selected", String(index === here));
    if (has) element.setAttribute("aria-expanded", String(!folded.has(index)));
    element.addEventListener("click", () => select(index, true));
    return element;
  }

  function fold(index) {
    if (!children.get(index).length) return;
    if (!folded.delete(index)) folded.add(index);
    lay();
  }

  function select(index, isOpened = false) {
    if (index === undefined) return;
    here = index;
    for (let above = steps[index].parent; above >= 0; above = steps[above].parent) if (folded.delete(above)) place = new Map();
    if (!place.has(index)) lay();
    const top = (place.get(index) ?? 0) * height;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + height - scroller.clientHeight;
    draw();
    onSelect(index, isOpened);
  }

  scroller.addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", lay);
  return {
    select, lay,
    get here() { return here; },
    get sought() { return hits; },
    move(by) { const row = (place.get(here) ?? 0) + by; select(shown[Math.max(0, Math.min(shown.length - 1, row))]); },
    first() { select(shown[0]); },
    last() { select(shown[shown.length - 1]); },
    page(way) { this.move(way * Math.max(1, Math.floor(scroller.clientHeight / height) - 1)); },
    inwards() { if (folded.has(here)) fold(here); else if (children.get(here).length) select(children.get(here)[0]); },
    outwards() { if (children.get(here).length && !folded.has(here)) fold(here); else if (steps[here].parent >= 0) select(steps[here].parent); },
    next(fits, way = 1) {
      for (let off = 1; off <= steps.length; off++) {
        const index = (here + way * off + steps.length * 2) % steps.length;
        if (fits(index)) return select(index);
      }
    },
    filter(found) {
      hits = found;
      kept = found && new Set();
      if (found) for (const index of found) for (let at = index; at >= 0 && !kept.has(at); at = steps[at].parent) kept.add(at);
      lay();
    },
  };
}
