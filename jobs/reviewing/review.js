"use strict";
// The review page. Decisions are sent one after another and kept until the server has them; nothing else is stored.
const ROW = 48, SPARE = 8, SURE = 0.7;
const $ = (id) => document.getElementById(id);
const word = document.querySelector("meta[name=faceveil-word]").content;
const WORDS = { accept: "accepted", withhold: "withheld", add: "region added", redraw: "region drawn anew", keep: "no face, kept", restore: "no face, restored", harder: "harder", undo: "undone" };
const state = { mode: "queue", items: [], total: 0, at: -1, shown: null, region: -1, draft: null, drawn: "", dragging: null, outbox: [], sending: false, asked: 0, saves: 0 };

function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const said = await answer.json().catch(() => ({ error: "the session is over: run faceveil review again and open its link" }));
  if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
  return said;
}

function tell(text, bad) {
  $("told").textContent = text;
  $("told").classList.toggle("bad", Boolean(bad));
}

// ---- the list: only the rows that are seen are in the page, however many there are

function drawRows() {
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

function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

function scrollTo(i) {
  const list = $("list"), top = i * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

// ---- what is listed

async function load() {
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

function tellAudit(said) {
  const rate = `${said.rate * 100}%`, sure = `${said.confidence * 100}%`;
  $("audit-count").textContent = said.certified ? "certified" : `${said.remaining} to go`;
  $("remaining").textContent = String(said.remaining);
  $("remaining-text").textContent = said.certified ? `more: a miss rate of at most ${rate} is certified at ${sure}` : `more without a miss certify at most ${rate} at ${sure}`;
  $("audit-words").textContent = `${said.looked} of ${said.population} looked at, ${said.misses} with a miss. Accept: nobody is left to recognise. Add a region, or withhold: somebody was missed.`;
  $("bar").style.width = `${(100 * said.looked) / Math.max(1, said.looked + said.remaining)}%`;
}

function empty(text) {
  state.shown = null;
  $("image").hidden = true;
  $("nothing").hidden = false;
  $("nothing-text").textContent = text;
}

// ---- one image

async function open(i) {
  state.at = i;
  state.region = -1;
  drop();
  scrollTo(i);
  drawRows();
  const id = state.items[i][0];
  try {
    let said, before;
    do {
      before = state.saves;
      said = await get(`/api/images/${id}`);
    } while (state.saves !== before); // what was asked for before a decision was saved may not know it
    if (state.items[state.at]?.[0] !== id) return;
    show(said);
  } catch (error) {
    if (state.items[state.at]?.[0] === id) empty(error.message);
  }
}

function show(said) {
  const same = state.shown && state.shown.image_id === said.image_id && state.shown.sha256 === said.sha256;
  state.shown = said;
  $("nothing").hidden = true;
  $("image").hidden = false;
  $("name").textContent = said.image_id;
  const [, leak, reason, policy, run, , regions] = said.item;
  const eyes = said.eyes > 1 ? ` · ${said.accepted_by.length} of ${said.eyes} people accepted` : "";
  $("facts").textContent = `${said.status}, ${reason} · policy ${policy || "–"} · ${regions === 1 ? "1 region" : `${regions} regions`} · ${said.size.join(" × ")} px · leak ${leak.toFixed(2)} · run ${run}${eyes}`;
  if (!same) {
    $("result").src = `/pictures/${said.image_id}/result`;
    $("result").alt = `The anonymized picture; marked in it: ${regions === 1 ? "1 region" : `${regions} regions`}`;
    showSource();
    tell(said.frames > 1 ? `An animation of ${said.frames} frames: a region that you draw covers all of them.` : "");
  }
  $("released").hidden = said.sha256 === null;
  const over = $("over");
  over.setAttribute("viewBox", `0 0 ${said.size[0]} ${said.size[1]}`);
  fit();
  drawOver();
  listRegions();
  listLog();
  document.querySelector("[data-act=source]").disabled = !said.source;
}

function showSource() {
  const on = document.querySelector("[data-act=source]").getAttribute("aria-pressed") === "true" && state.shown.source;
  $("original").hidden = !on;
  if (on) {
    $("source").src = `/pictures/${state.shown.image_id}/source`;
    $("source").alt = "The source, as it was before";
  } else $("source").removeAttribute("src");
}

function rect(box, name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const [x0, y0, x1, y1] = box;
  for (const [key, value] of Object.entries({ x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), class: name })) made.setAttribute(key, value);
  return made;
}

function fit() {
  // The marks lie exactly over the picture, however the browser has scaled it.
  $("over").style.width = `${$("result").clientWidth}px`;
  $("over").style.height = `${$("result").clientHeight}px`;
}

function drawOver() {
  const said = state.shown, made = [];
  if (!said) return;
  said.regions.forEach((one, i) => made.push(rect(one.region, `${one.look === "person" ? "person" : one.confidence < SURE ? "unsure" : ""}${i === state.region ? " chosen" : ""}`)));
  for (const one of said.log) if (said.live.includes(one.decision_id) && (one.action === "add" || one.action === "redraw")) made.push(rect(one.box, "fresh"));
  if (state.draft) made.push(rect(state.draft, "fresh chosen"));
  $("over").replaceChildren(...made);
  $("over").classList.toggle("drawing", state.draft !== null);
}

function listRegions() {
  $("regions").replaceChildren(...state.shown.regions.map((one, i) => {
    const item = document.createElement("li"), made = document.createElement("button");
    made.type = "button";
    made.textContent = `${i + 1}. ${one.kind}, sure ${one.confidence.toFixed(2)}, ${one.method}${one.look === "plan" ? "" : `, ${one.look}`}`;
    made.setAttribute("aria-pressed", String(i === state.region));
    made.addEventListener("click", () => choose(i === state.region ? -1 : i));
    item.append(made);
    return item;
  }));
}

function listLog() {
  const said = state.shown;
  const made = said.log.filter((one) => one.action !== "undo").map((one) => {
    const item = document.createElement("li");
    item.textContent = `${WORDS[one.action]} · ${one.reviewer} · ${one.at.slice(0, 16).replace("T", " ")}${one.why ? ` · ${one.why}` : ""}`;
    item.classList.toggle("undone", !said.live.includes(one.decision_id));
    return item;
  });
  if (!made.length) made.push(Object.assign(document.createElement("li"), { textContent: "none yet" }));
  $("log").replaceChildren(...made);
}

function choose(i) {
  state.region = i;
  drawOver();
  listRegions();
  if (i >= 0) tell(`Region ${i + 1} of ${state.shown.regions.length} is chosen.`);
}

// ---- drawing: by dragging, or by keyboard

function begin(action) {
  const [w, h] = state.shown.size, chosen = state.shown.regions[state.region];
  state.drawn = action;
  state.draft = action === "redraw" && chosen ? [...chosen.region] : [w * 0.4, h * 0.4, w * 0.6, h * 0.6];
  tell("Drag over the picture, or move the box with the arrows (Shift: size, Alt: one pixel); Enter places it, Esc drops it.");
  drawOver();
}

function drop() {
  state.draft = state.dragging = null;
  state.drawn = "";
  drawOver();
}

function place() {
  const [x0, y0, x1, y1] = state.draft, action = state.drawn || "add";
  const box = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
  const region = action === "redraw" ? state.region : undefined;
  drop();
  decide(action, { box, region });
}

function nudge(key, event) {
  const [w, h] = state.shown.size, step = event.altKey ? 1 : Math.max(1, Math.round(Math.max(w, h) / 50));
  const dx = { ArrowLeft: -step, ArrowRight: step }[key] || 0, dy = { ArrowUp: -step, ArrowDown: step }[key] || 0;
  let [x0, y0, x1, y1] = state.draft;
  if (event.shiftKey) [x1, y1] = [Math.max(x0 + 4, Math.min(w, x1 + dx)), Math.max(y0 + 4, Math.min(h, y1 + dy))];
  else {
    const mx = Math.max(-x0, Math.min(w - x1, dx)), my = Math.max(-y0, Math.min(h - y1, dy));
    [x0, y0, x1, y1] = [x0 + mx, y0 + my, x1 + mx, y1 + my];
  }
  state.draft = [x0, y0, x1, y1];
  drawOver();
}

function point(event) {
  const place = $("over").getBoundingClientRect(), [w, h] = state.shown.size;
  const share = (value, from, size) => Math.max(0, Math.min(1, (value - from) / size));
  return [share(event.clientX, place.left, place.width) * w, share(event.clientY, place.top, place.height) * h];
}

function pressed(event) {
  if (event.button !== 0 || !state.shown || (event.pointerType === "touch" && !state.draft)) return;
  state.dragging = point(event);
  $("over").setPointerCapture(event.pointerId);
  event.preventDefault();
}

function moved(event) {
  if (!state.dragging) return;
  const [x, y] = point(event), [a, b] = state.dragging;
  state.draft = [Math.min(a, x), Math.min(b, y), Math.max(a, x), Math.max(b, y)];
  drawOver();
}

function released(event) {
  if (!state.dragging) return;
  const [a, b] = state.dragging, [x, y] = point(event);
  state.dragging = null;
  const least = Math.max(4, Math.max(...state.shown.size) / 100);
  if (Math.abs(x - a) >= least && Math.abs(y - b) >= least) return place();
  state.draft = null;
  const inside = (box) => x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
  choose(state.shown.regions.findIndex((one) => inside(one.region)));
}

// ---- deciding

function decide(action, more) {
  const said = state.shown, why = $("why").value.trim();
  if (!said) return;
  const one = { decision_id: hex(16), image_id: said.image_id, sha256: said.sha256, action, asked: state.mode === "audit" ? "audit" : "review", ...more };
  if (why) one.why = why;
  for (const key of Object.keys(one)) if (one[key] === undefined) delete one[key];
  $("why").value = "";
  state.outbox.push(one);
  tell(`${WORDS[action]}.`);
  send();
  if (action === "accept" || action === "withhold") next(1);
}

async function send() {
  if (state.sending) return;
  state.sending = true;
  while (state.outbox.length) {
    // What waits goes together, so that a slow store keeps nobody waiting; of one image all count or none.
    const some = state.outbox.slice(0, 50);
    $("saving").textContent = `saving ${state.outbox.length}`;
    try {
      const answer = await fetch("/api/decisions", { method: "POST", headers: { "Content-Type": "application/json", "X-Faceveil": word }, body: JSON.stringify({ decisions: some }) });
      const said = await answer.json().catch(() => ({}));
      if (answer.status >= 500) throw new Error(said.error);
      state.outbox.splice(0, some.length);
      if (answer.ok) {
        said.images.forEach(saved);
        for (const [id, why] of Object.entries(said.refused)) refused(id, why);
      } else refused(some[0].image_id, said.error || "the session is over: run faceveil review again");
    } catch (error) {
      // Nobody knows whether it was written: it is sent again under its id, and counts once.
      some.forEach((one) => { one.again = true; });
      $("saving").textContent = `not saved yet: ${error.message || "no answer"}; trying again`;
      await new Promise((done) => setTimeout(done, 1500));
    }
  }
  state.sending = false;
  $("saving").textContent = "all saved";
}

function refused(id, why) {
  tell(`Not saved: ${why}`, true);
  const mine = state.items.findIndex((one) => one[0] === id);
  if (mine >= 0) open(mine).then(() => tell(`Not saved: ${why}`, true));
}

function saved(said) {
  state.saves += 1;
  const mine = state.items.findIndex((one) => one[0] === said.image_id);
  if (mine >= 0) state.items[mine] = said.item;
  if (state.shown && state.shown.image_id === said.image_id) show(said);
  drawRows();
  if (state.mode === "audit") get("/api/audit").then((now) => tellAudit(now.audit)).catch(() => {});
}

function nothingWaits() {
  const chosen = [...new FormData($("filters")).entries()].some(([name, value]) => value !== (name === "below" ? "1" : ""));
  return chosen ? "Nothing fits these filters." : "Nothing waits. The next faceveil anonymize follows what was decided; the audit looks at what nobody was unsure of.";
}

function undo() {
  const said = state.shown, last = said.log.filter((one) => said.live.includes(one.decision_id)).at(-1);
  if (last) decide("undo", { undoes: last.decision_id });
  else tell("There is nothing to undo here.");
}

function next(by) {
  const to = state.at + by;
  if (to >= 0 && to < state.items.length) open(to);
  else if (by > 0 && state.mode === "audit") settle().then(load);
  else tell(by > 0 ? "This is the last one. The next faceveil anonymize follows what was decided." : "This is the first one.");
}

async function settle() {
  while (state.outbox.length || state.sending) await new Promise((done) => setTimeout(done, 50));
}

function act(name) {
  if (!state.shown) return;
  // Nobody decides about a picture that is not shown yet: what is pressed now was meant for the next one.
  const coming = state.items[state.at]?.[0] !== state.shown.image_id;
  if (coming && !["next", "before", "zoom", "source"].includes(name)) return tell("One moment: the picture is coming.");
  const needs = ["keep", "restore", "redraw"].includes(name);
  if (needs && state.shown.regions.length === 1) state.region = 0;
  if (needs && state.region < 0) return tell("Choose a region first: click it, or use [ and ].");
  if (name === "add" || name === "redraw") return begin(name);
  if (name === "undo") return undo();
  if (name === "next" || name === "before") return next(name === "next" ? 1 : -1);
  if (name === "zoom" || name === "source") {
    const button = document.querySelector(`[data-act=${name}]`);
    if (button.disabled) return tell("The source is for reviewers whose credentials open the vault.");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    if (name === "source") showSource();
    else $("stage").classList.toggle("full");
    fit();
    return;
  }
  decide(name, needs ? { region: state.region } : {});
}

const KEYS = { a: "accept", w: "withhold", d: "add", r: "redraw", n: "keep", t: "restore", h: "harder", u: "undo", j: "next", k: "before", z: "zoom", s: "source" };

function key(event) {
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (event.ctrlKey || event.metaKey || typing || !state.shown) return;
  if (state.draft) {
    if (event.key.startsWith("Arrow")) nudge(event.key, event);
    else if (event.key === "Enter") place();
    else if (event.key === "Escape") { drop(); tell(""); }
    else return;
    return event.preventDefault();
  }
  const regions = state.shown.regions.length;
  if (event.key === "]" && regions) choose((state.region + 1) % regions);
  else if (event.key === "[" && regions) choose((Math.max(state.region, 0) + regions - 1) % regions);
  else if (event.target === $("list") && (event.key === "ArrowDown" || event.key === "ArrowUp")) next(event.key === "ArrowDown" ? 1 : -1);
  else if (KEYS[event.key] && !event.altKey) act(KEYS[event.key]);
  else return;
  event.preventDefault();
}

function mode(name) {
  state.mode = name;
  $("to-queue").setAttribute("aria-pressed", String(name === "queue"));
  $("to-audit").setAttribute("aria-pressed", String(name === "audit"));
  $("filters").hidden = name === "audit";
  $("audit-told").hidden = name === "queue";
  settle().then(load);
}

$("list").addEventListener("scroll", () => requestAnimationFrame(drawRows));
addEventListener("resize", () => { drawRows(); fit(); });
$("result").addEventListener("load", fit);
$("filters").addEventListener("change", load);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("filters").elements.below.addEventListener("input", (event) => { $("below-shown").textContent = Number(event.target.value) < 1 ? `below ${event.target.value}` : "any"; });
$("to-queue").addEventListener("click", () => mode("queue"));
$("to-audit").addEventListener("click", () => mode("audit"));
for (const button of document.querySelectorAll("[data-act]")) button.addEventListener("click", () => act(button.dataset.act));
$("over").addEventListener("pointerdown", pressed);
$("over").addEventListener("pointermove", moved);
$("over").addEventListener("pointerup", released);
addEventListener("keydown", key);
addEventListener("beforeunload", (event) => { if (state.outbox.length) event.preventDefault(); });
load();
get("/api/audit").then((said) => tellAudit(said.audit)).catch(() => {});
