// One image: the picture as it would be released, what is marked in it, and what was decided about it.
import { drop } from "./drawing.js";
import { drawRows, empty, scrollTo } from "./list.js";
import { $, WORDS, get, state, tell } from "./shared.js";

const SURE = 0.7;

export async function open(i) {
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

export function show(said) {
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

export function showSource() {
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

export function fit() {
  // The marks lie exactly over the picture, however the browser has scaled it.
  $("over").style.width = `${$("result").clientWidth}px`;
  $("over").style.height = `${$("result").clientHeight}px`;
}

export function drawOver() {
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

export function choose(i) {
  state.region = i;
  drawOver();
  listRegions();
  if (i >= 0) tell(`Region ${i + 1} of ${state.shown.regions.length} is chosen.`);
}
