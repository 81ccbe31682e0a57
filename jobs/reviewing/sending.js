// Decisions are sent one after another and kept until the server has them; nothing else is stored.
import { open, show } from "./image.js";
import { drawRows, load, tellAudit } from "./list.js";
import { $, WORDS, get, state, tell } from "./shared.js";

const word = document.querySelector("meta[name=faceveil-word]").content;

function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export function decide(action, more) {
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

export function undo() {
  const said = state.shown, last = said.log.filter((one) => said.live.includes(one.decision_id)).at(-1);
  if (last) decide("undo", { undoes: last.decision_id });
  else tell("There is nothing to undo here.");
}

export function next(by) {
  const to = state.at + by;
  if (to >= 0 && to < state.items.length) open(to);
  else if (by > 0 && state.mode === "audit") settle().then(load);
  else tell(by > 0 ? "This is the last one. The next faceveil anonymize follows what was decided." : "This is the first one.");
}

export async function settle() {
  while (state.outbox.length || state.sending) await new Promise((done) => setTimeout(done, 50));
}
