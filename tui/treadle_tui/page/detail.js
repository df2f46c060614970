// The step on the right: its facts, its failure, its conversation, what it was given and what it answered.

const SIGNS = { ok: "✓", error: "✗", interrupted: "◌", running: "…" };

function part(title, view, copied) {
  const heading = make("h3", "", title);
  if (copied !== undefined && navigator.clipboard) {
    const copy = make("button", "", "copy");
    copy.type = "button";
    copy.addEventListener("click", () => navigator.clipboard.writeText(copied).then(() => { copy.textContent = "copied"; }));
    heading.append(copy);
  }
  return make("section", "part", heading, view);
}

function facts(step) {
  const tokens = step.in !== null || step.out !== null ? `${step.in ?? 0} → ${step.out ?? 0}` : null;
  const told = [["took", duration(step.ms)], ["first chunk", duration(step.ttft)], ["model", step.model], ["tokens", tokens],
    ["cost", step.cost === null ? null : `$${Number(step.cost.toPrecision(3))}`], ["finish", step.finish],
    ["session", step.session], ["user", step.user], ["answer", step.source === "live" ? null : step.source],
    ["code", step.code], ["step", step.id]];
  return make("div", "facts", ...told.filter(([, value]) => value).map(([name, value]) => make("span", "", `${name} `, make("b", "", visible(String(value))))));
}

function failure(error, sought) {
  const box = make("section", "failure", make("span", "type", visible(String(error.type ?? "error"))), ": ", marked(String(error.message ?? ""), sought));
  const frames = Array.isArray(error.frames) ? error.frames : [];
  for (const frame of frames) {
    if (!frame || typeof frame !== "object") continue;
    box.append(make("div", "frame mono", visible(`${frame.file ?? "?"}:${frame.line ?? "?"} in ${frame.function ?? "?"}`),
      frame.source ? make("code", "", visible(String(frame.source))) : null,
      frame.locals && Object.keys(frame.locals).length ? valueView({ locals: frame.locals }, sought) : null));
  }
  if (!frames.length && error.stack) box.append(longText(String(error.stack), sought, "pre", "frame"));
  return box;
}

function message(held, sought) {
  const known = ["system", "user", "assistant", "tool"].includes(held.role) ? held.role : "other";
  const box = make("div", `message ${known}`, make("div", "role", visible(held.role), held.name ? visible(held.name) : null));
  if (held.content !== null) box.append(valueView(known === "tool" ? parsed(held.content) : held.content, sought));
  for (const each of Array.isArray(held.parts) ? held.parts : []) box.append(partOf(each, sought));
  return box;
}

function partOf(held, sought) {
  const isObject = held && typeof held === "object";
  if (isObject && (held.type === "text" || held.type === "reasoning") && typeof held.content === "string") {
    return longText(held.content, sought, "div", held.type === "text" ? "prose" : "prose none");
  }
  if (isObject && held.type === "tool_call") {
    return make("div", "call", make("b", "", visible(String(held.name ?? "?"))), " ", valueView(held.arguments ?? null, sought));
  }
  if (isObject && held.type === "tool_call_response") return valueView(held.response ?? held.result ?? null, sought);
  return valueView(held, sought);
}

function eventList(events, sought) {
  const holder = make("div", "");
  let shown = 0;
  function fill() {
    for (const upTo = Math.min(events.length, shown + MOST_ITEMS); shown < upTo; shown++) {
      const [at, name, value] = events[shown];
      holder.append(make("div", "event", make("time", "mono", `+${duration(at)}`),
        make("div", "", name === "chunk" ? null : make("span", "called", `${visible(name)} `), valueView(parsed(value), sought))));
    }
    if (shown < events.length) {
      const more = make("button", "more", `… ${(events.length - shown).toLocaleString()} more`);
      more.type = "button";
      more.addEventListener("click", () => { more.remove(); fill(); });
      holder.append(more);
    }
  }
  fill();
  return holder;
}

function stepView(step, sought) {
  const state = make("span", "", SIGNS[step.status] ?? "");
  state.style.color = step.status === "error" ? "var(--error)" : step.status === "ok" ? "var(--success)" : "var(--warning)";
  const kind = make("span", "chip mono", step.kind);
  kind.style.color = `var(--kind-${step.kind})`;
  const view = [make("div", "heading", state, make("h2", "", marked(step.name, sought)), kind), facts(step)];
  if (step.error) view.push(failure(step.error, sought));
  for (const [direction, title] of [["input", "asked"], ["output", "said"]]) {
    const held = step.messages.filter((each) => each.direction === direction);
    if (held.length) view.push(part(title, make("div", "", ...held.map((each) => message(each, sought)))));
  }
  const talked = step.messages.length > 0;
  for (const [title, text] of [["input", step.input], ["output", step.output]]) {
    if (text === null || (title === "output" && step.error)) continue;
    const view_ = talked ? closed(() => valueView(parsed(text), sought)) : valueView(parsed(text), sought);
    view.push(part(title, view_, text));
  }
  if (step.events.length) view.push(part(`events · ${step.events.length.toLocaleString()}`, eventList(step.events, sought)));
  if (Object.keys(step.attributes).length) view.push(part("attributes", closed(() => valueView(step.attributes, sought))));
  return view;
}

// What most people do not look for is made when they do.
function closed(build) {
  const open = make("button", "more", "show");
  open.type = "button";
  open.addEventListener("click", () => open.replaceWith(build()));
  return open;
}
