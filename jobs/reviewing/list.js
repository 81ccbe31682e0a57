// The list: what waits for people, or the next of the draw. Only the rows that are seen are in the page, however many there are.
import { open } from "./image.js";
import { $, get, span, state } from "./shared.js";

const ROW = 48, SPARE = 8;

export function drawRows() {
  const list = $("list"), rows = $("rows");
  rows.style.height = `${state.items.length * ROW}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const last = Math.min(state.items.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  const made = document.createDocumentFragment();
  for (let i = first; i < last; i++) made.append(row(i));
  rows.replaceChildren(made);
  const chosen = $(`row-${state.at}`);
  if (chosen) list.setAttribute("aria-activedescendant", chosen.id);
  else list.removeAttribute("aria-activedescendant");
}

function row(i) {
  const [id, leak, reason, policy, run, confidence, regions, now] = state.items[i];
  const made = document.createElement("div");
  made.className = "row";
  made.id = `row-${i}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", String(i === state.at));
  made.setAttribute("aria-setsize", String(state.items.length));
  made.setAttribute("aria-posinset", String(i + 1));
  made.style.top = `${i * ROW}px`;
  const facts = [leak ? `leak ${leak.toFixed(2)}` : "", confidence === null ? "" : `least sure ${confidence.toFixed(2)}`, reason, regions === 1 ? "1 region" : `${regions} regions`, policy];
  made.append(span("id", id.slice(0, 12)), span(`tag ${now}`, now), span("sub", state.mode === "audit" ? "random draw" : facts.filter(Boolean).join(" · ")));
  made.title = run;
  made.addEventListener("click", () => open(i));
  return made;
}

export function scrollTo(i) {
  const list = $("list"), top = i * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

function nothingWaits() {
  const chosen = [...new FormData($("filters")).entries()].some(([name, value]) => value !== (name === "below" ? "1" : ""));
  return chosen ? "Nothing fits these filters." : "Nothing waits. The next faceveil anonymize follows what was decided; the audit looks at what nobody was unsure of.";
}

export async function load() {
  const asked = ++state.asked;
  try {
    const said = await get(state.mode === "audit" ? "/api/audit" : `/api/queue?${wanted()}`);
    if (asked !== state.asked) return;
    state.items = said.items;
    state.total = said.total ?? said.items.length;
    if (said.audit) tellAudit(said.audit);
    if (said.known) choices(said.known);
    if (state.mode === "queue") $("queue-count").textContent = String(state.total);
    $("list").scrollTop = 0;
    $("list-told").textContent = state.total > state.items.length ? `the first ${state.items.length} of ${state.total}` : `${state.total} listed`;
    state.at = -1;
    if (state.items.length) await open(0);
    else empty(state.mode === "audit" ? "Nothing is left to draw." : nothingWaits());
  } catch (error) {
    empty(error.message);
  }
  drawRows();
}

function wanted() {
  const said = new URLSearchParams();
  for (const [name, value] of new FormData($("filters"))) {
    if (name === "below" ? Number(value) < 1 : value) said.set(name, value);
  }
  return said;
}

function choices(known) {
  for (const name of ["reason", "policy", "run"]) {
    const select = $("filters").elements[name], now = select.value;
    const made = [new Option("any", "")];
    for (const [value, count] of Object.entries(known[name])) made.push(new Option(`${value || "–"} (${count})`, value));
    select.replaceChildren(...made);
    select.value = now in known[name] ? now : "";
  }
}

export function tellAudit(said) {
  const rate = `${said.rate * 100}%`, sure = `${said.confidence * 100}%`;
  $("audit-count").textContent = said.certified ? "certified" : `${said.remaining} to go`;
  $("remaining").textContent = String(said.remaining);
  $("remaining-text").textContent = said.certified ? `more: a miss rate of at most ${rate} is certified at ${sure}` : `more without a miss certify at most ${rate} at ${sure}`;
  $("audit-words").textContent = `${said.looked} of ${said.population} looked at, ${said.misses} with a miss. Accept: nobody is left to recognise. Add a region, or withhold: somebody was missed.`;
  $("bar").style.width = `${(100 * said.looked) / Math.max(1, said.looked + said.remaining)}%`;
}

export function empty(text) {
  state.shown = null;
  $("image").hidden = true;
  $("nothing").hidden = false;
  $("nothing-text").textContent = text;
}
