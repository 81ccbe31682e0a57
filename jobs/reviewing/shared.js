// What all of the review page shares: its state, and how it asks the server and tells people.
export const $ = (id) => document.getElementById(id);
export const WORDS = { accept: "accepted", withhold: "withheld", add: "region added", redraw: "region drawn anew", keep: "no face, kept", restore: "no face, restored", harder: "harder", undo: "undone" };
export const state = { mode: "queue", items: [], total: 0, at: -1, shown: null, region: -1, draft: null, drawn: "", dragging: null, outbox: [], sending: false, asked: 0, saves: 0 };

export async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const said = await answer.json().catch(() => ({ error: "the session is over: run faceveil review again and open its link" }));
  if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
  return said;
}

export function tell(text, bad) {
  $("told").textContent = text;
  $("told").classList.toggle("bad", Boolean(bad));
}

export function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
