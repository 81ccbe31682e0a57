// The review page: what buttons and keys do.
import { begin, drop, moved, nudge, place, pressed, released } from "./drawing.js";
import { choose, fit, showSource } from "./image.js";
import { drawRows, load, tellAudit } from "./list.js";
import { decide, next, settle, undo } from "./sending.js";
import { $, get, state, tell } from "./shared.js";

const KEYS = { a: "accept", w: "withhold", d: "add", r: "redraw", n: "keep", t: "restore", h: "harder", u: "undo", j: "next", k: "before", z: "zoom", s: "source" };

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
