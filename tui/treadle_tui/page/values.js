// Values and texts as DOM. Everything recorded becomes a text node: nothing of it is ever read as HTML.

const LONGEST = 20000, MOST_ITEMS = 100, OPEN_DEPTH = 3;

function make(tag, className, ...inside) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const each of inside) if (each !== null && each !== undefined) element.append(each);
  return element;
}

// Control characters and marks that turn the direction of text are shown, and do nothing.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code < 32) return String.fromCharCode(0x2400 + code);
    return code === 127 ? "\u2421" : `<${code.toString(16).padStart(4, "0")}>`;
  });
}

function marked(text, sought) {
  const shown = visible(text), fragment = document.createDocumentFragment();
  if (!sought) { fragment.append(shown); return fragment; }
  const folded = shown.toLowerCase();
  let at = 0;
  // Where folding changes a text's length its places are no longer those of the text.
  for (let hit = folded.indexOf(sought); hit >= 0 && folded.length === shown.length; hit = folded.indexOf(sought, at)) {
    fragment.append(shown.slice(at, hit), make("mark", "", shown.slice(hit, hit + sought.length)));
    at = hit + sought.length;
  }
  fragment.append(shown.slice(at));
  return fragment;
}

function longText(text, sought, tag = "div", className = "prose") {
  const holder = make(tag, className, marked(text.slice(0, LONGEST), sought));
  if (text.length > LONGEST) {
    const rest = make("button", "more", `… ${(text.length - LONGEST).toLocaleString()} more characters`);
    rest.type = "button";
    rest.addEventListener("click", () => rest.replaceWith(marked(text.slice(LONGEST), sought)));
    holder.append(rest);
  }
  return holder;
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return text; }
}

function valueView(value, sought) {
  if (typeof value === "string") return longText(value, sought);
  return make("div", "json", nodeOf(value, sought, 0));
}

function nodeOf(value, sought, depth) {
  if (value === "") return make("span", "sign", "\"\"");
  if (typeof value === "string") return longText(value, sought, "span", "str");
  if (typeof value === "number") return make("span", "num", String(value));
  if (value === null || typeof value === "boolean") return make("span", "word", String(value));
  const items = Array.isArray(value) ? value.map((item) => [null, item]) : Object.entries(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (!items.length) return make("span", "sign", open + close);
  return folding(items, open, close, sought, depth);
}

function folding(items, open, close, sought, depth) {
  const holder = make("span", ""), fold = make("button", "fold");
  fold.type = "button";
  const inside = make("div", "in");
  let isOpen = depth < OPEN_DEPTH && items.length <= MOST_ITEMS, filled = 0;
  const end = make("span", "sign", close);
  function fill() {
    const upTo = Math.min(items.length, filled + MOST_ITEMS);
    for (; filled < upTo; filled++) {
      const [key, item] = items[filled];
      inside.append(make("div", "", key === null ? null : make("span", "key", marked(key, sought)),
        key === null ? null : make("span", "sign", ": "), nodeOf(item, sought, depth + 1)));
    }
    if (filled < items.length) {
      const more = make("button", "more", `… ${(items.length - filled).toLocaleString()} more`);
      more.type = "button";
      more.addEventListener("click", () => { more.remove(); fill(); });
      inside.append(more);
    }
  }
  function show() {
    fold.textContent = isOpen ? open : `${open} ${items.length.toLocaleString()} … ${close}`;
    fold.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && !filled) fill();
    inside.hidden = end.hidden = !isOpen;
  }
  fold.addEventListener("click", () => { isOpen = !isOpen; show(); });
  show();
  holder.append(fold, inside, end);
  return holder;
}

function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 1) return `${Math.round(ms * 1000)}µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(2)}s`;
  const minutes = Math.floor(ms / 60000);
  return minutes < 60 ? `${minutes}m${String(Math.round((ms % 60000) / 1000)).padStart(2, "0")}s` : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}
