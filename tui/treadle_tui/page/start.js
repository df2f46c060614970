// The page: what it is about, the search, the keys.

const KEYS = [["j k", "next and previous step"], ["h l", "close and open, or out and in"], ["e E", "next and previous error"], ["n N", "next and previous hit"], ["g G", "first and last"], ["enter", "read the step"], ["/", "search"], ["esc", "back to the tree"], ["t", "light or dark"], ["?", "these keys"]];
const trace = JSON.parse(document.getElementById("trace").textContent);
const detail = document.getElementById("detail"), search = document.getElementById("search"), help = document.getElementById("help"), scroller = document.getElementById("tree");
let sought = "";

function show(index, isOpened) {
  const back = make("button", "", "‹ all steps");
  back.id = "back";
  back.type = "button";
  back.addEventListener("click", leave);
  detail.replaceChildren(back, ...stepView(trace.steps[index], sought));
  detail.scrollTop = 0;
  if (isOpened) document.body.classList.add("reading");
  try { history.replaceState(null, "", `#${trace.steps[index].id}`); } catch { /* a frame that may not: a mail's preview */ }
}

function leave() {
  document.body.classList.remove("reading");
  search.blur();
  scroller.focus({ preventScroll: true });
  tree.lay();
}

const total = trace.steps.reduce((most, step) => Math.max(most, step.at + (step.ms ?? 0)), 1e-6);
const tree = makeTree(trace.steps, total, show);
const haystacks = new Map();

function haystack(index) {
  if (!haystacks.has(index)) {
    const step = trace.steps[index];
    const quoted = [step.input, step.output, JSON.stringify(step.attributes), JSON.stringify(step.error), JSON.stringify(step.events)];
    const said = step.messages.map((each) => `${each.content ?? ""} ${JSON.stringify(each.parts)}`);
    haystacks.set(index, [step.name, step.kind, step.model, step.id, ...quoted, ...said].join("\n").toLowerCase());
  }
  return haystacks.get(index);
}

function find() {
  sought = search.value.trim().toLowerCase();
  const quoted = JSON.stringify(sought).slice(1, -1);
  const hits = sought ? new Set([...trace.steps.keys()].filter((index) => haystack(index).includes(sought) || haystack(index).includes(quoted))) : null;
  document.getElementById("found").textContent = hits ? `${hits.size.toLocaleString()} of ${trace.steps.length.toLocaleString()}` : "";
  tree.filter(hits);
  if (hits && hits.size && !hits.has(tree.here)) tree.next((index) => hits.has(index));
  else tree.select(tree.here);
}

function nextHit(way) {
  if (tree.sought && tree.sought.size) tree.next((index) => tree.sought.has(index), way);
}

function switchTheme() {
  const isDark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
}

function showHelp(isShown) {
  if (!help.firstChild) help.append(make("div", "", make("dl", "", ...KEYS.flatMap(([keys, said]) => [make("dt", "", keys), make("dd", "", said)]))));
  help.hidden = !isShown;
}

const isError = (index) => trace.steps[index].status === "error";
const ACTIONS = {
  j: () => tree.move(1), ArrowDown: () => tree.move(1), k: () => tree.move(-1), ArrowUp: () => tree.move(-1),
  l: () => tree.inwards(), ArrowRight: () => tree.inwards(), h: () => tree.outwards(), ArrowLeft: () => tree.outwards(),
  g: () => tree.first(), Home: () => tree.first(), G: () => tree.last(), End: () => tree.last(),
  PageDown: () => tree.page(1), PageUp: () => tree.page(-1),
  e: () => tree.next(isError), E: () => tree.next(isError, -1), n: () => nextHit(1), N: () => nextHit(-1),
  Enter: () => { document.body.classList.add("reading"); detail.focus(); },
  "/": () => { search.focus(); search.select(); }, t: switchTheme, "?": () => showHelp(help.hidden),
  Escape: () => { if (!help.hidden) showHelp(false); else leave(); },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === search) {
    if (event.key === "Enter") { nextHit(event.shiftKey ? -1 : 1); event.preventDefault(); }
    if (event.key === "Escape") { search.value = ""; find(); leave(); }
    return;
  }
  const isRead = event.target === detail || detail.contains(event.target);
  if (isRead && !["Escape", "j", "k", "/", "?", "t", "e", "E", "n", "N"].includes(event.key)) return;
  if (event.target instanceof HTMLButtonElement && event.key === "Enter") return;
  const action = Object.hasOwn(ACTIONS, event.key) ? ACTIONS[event.key] : null;
  if (action) { action(); event.preventDefault(); }
});

let waiting = 0;
search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 120); });
document.getElementById("theme").addEventListener("click", switchTheme);
document.getElementById("keys").addEventListener("click", () => showHelp(help.hidden));
help.addEventListener("click", () => showHelp(false));

document.getElementById("title").textContent = visible(trace.name);
document.getElementById("figures").textContent = visible(trace.figures);
const mark = document.getElementById("mark");
mark.textContent = SIGNS[trace.failed ? "error" : trace.status] ?? "";
mark.style.color = trace.failed ? "var(--error)" : trace.status === "ok" ? "var(--success)" : "var(--warning)";
tree.lay();
const named = trace.steps.findIndex((step) => step.id === location.hash.slice(1));
const firstError = trace.steps.findLastIndex((step) => step.status === "error" && step.depth > 0);
tree.select(named >= 0 ? named : Math.max(0, firstError), named >= 0);
scroller.focus({ preventScroll: true });
document.documentElement.dataset.ready = "yes";
