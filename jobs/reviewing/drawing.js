// Drawing a region: by dragging, or by keyboard.
import { choose, drawOver } from "./image.js";
import { decide } from "./sending.js";
import { $, state, tell } from "./shared.js";

export function begin(action) {
  const [w, h] = state.shown.size, chosen = state.shown.regions[state.region];
  state.drawn = action;
  state.draft = action === "redraw" && chosen ? [...chosen.region] : [w * 0.4, h * 0.4, w * 0.6, h * 0.6];
  tell("Drag over the picture, or move the box with the arrows (Shift: size, Alt: one pixel); Enter places it, Esc drops it.");
  drawOver();
}

export function drop() {
  state.draft = state.dragging = null;
  state.drawn = "";
  drawOver();
}

export function place() {
  const [x0, y0, x1, y1] = state.draft, action = state.drawn || "add";
  const box = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
  const region = action === "redraw" ? state.region : undefined;
  drop();
  decide(action, { box, region });
}

export function nudge(key, event) {
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

export function pressed(event) {
  if (event.button !== 0 || !state.shown || (event.pointerType === "touch" && !state.draft)) return;
  state.dragging = point(event);
  $("over").setPointerCapture(event.pointerId);
  event.preventDefault();
}

export function moved(event) {
  if (!state.dragging) return;
  const [x, y] = point(event), [a, b] = state.dragging;
  state.draft = [Math.min(a, x), Math.min(b, y), Math.max(a, x), Math.max(b, y)];
  drawOver();
}

export function released(event) {
  if (!state.dragging) return;
  const [a, b] = state.dragging, [x, y] = point(event);
  state.dragging = null;
  const least = Math.max(4, Math.max(...state.shown.size) / 100);
  if (Math.abs(x - a) >= least && Math.abs(y - b) >= least) return place();
  state.draft = null;
  const inside = (box) => x >= box[0] && x < box[2] && y >= box[1] && y < box[3];
  choose(state.shown.regions.findIndex((one) => inside(one.region)));
}
