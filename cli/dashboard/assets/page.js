// Keeps a page as it is at the server: fragments that changed come over one stream and are put in element by
// element, so that focus, selection, scrolling, what is unfolded and what is playing stay. Without this file
// pages work all the same; they only do not move.

const HIDDEN_MILLIS = 30_000; // a tab that nobody sees gives its line back after this
const AGAIN_MILLIS = 3_000;
const TICK_MILLIS = 15_000;

const version = document.documentElement.dataset.version;
const line = document.getElementById("line");
const told = document.getElementById("told");
const waiting = new Map(); // fragments that change when the audio in them has stopped
let source = null;
let timer = 0;
let acting = false;
let leaving = false;

// times in the viewer's zone

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const FORMS = {
  both: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
  day: new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }),
  clock: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
  "from-now": { format: fromNow },
};
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

function fromNow(at) {
  const seconds = (at - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(undefined).format(Math.round(seconds / length), unit);
}

function localize(root, which = "time[datetime]") {
  for (const time of root.querySelectorAll(which)) {
    const at = new Date(time.dateTime);
    const words = FORMS[time.dataset.form ?? "both"].format(at);
    if (time.textContent !== words) time.textContent = words;
    time.title = full.format(at);
  }
}

// one element made into another, with as little change as can be

function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  const folds = old.nodeName === "DETAILS" || old.nodeName === "DIALOG";
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !(folds && name === "open")) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const like = at && !at.id && !child.id && at.nodeName === child.nodeName ? at : null;
    const match = child.id ? named.get(child.id) : like;
    if (!match) old.insertBefore(child, at);
    else {
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      become(match, child);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function put(id, html) {
  const old = document.getElementById(id);
  if (!old) return;
  if ([...old.querySelectorAll("audio")].some((audio) => !audio.paused)) {
    waiting.set(id, html);
    return;
  }
  waiting.delete(id);
  const holder = document.createElement("template");
  holder.innerHTML = html;
  localize(holder.content);
  become(old, holder.content.firstElementChild);
}

function change(fragments) {
  const focused = document.activeElement;
  const home = focused?.parentElement?.closest("[id]")?.id; // of the fragment, should the element itself go
  for (const [id, html] of Object.entries(fragments)) put(id, html);
  if (focused && !focused.isConnected)
    (document.getElementById(home)?.querySelector("button, a, summary") ?? document.getElementById("main")).focus();
}

document.addEventListener("pause", () => [...waiting].forEach(([id, html]) => put(id, html)), true);

// the stream

function show(state, words) {
  line.dataset.state = state;
  if (line.textContent !== words) line.textContent = words;
}

function open() {
  clearTimeout(timer);
  if (source) return;
  source = new EventSource(`/events?path=${encodeURIComponent(document.body.dataset.live)}`);
  source.addEventListener("open", () => show("live", "live"));
  source.addEventListener("version", (event) => newer(event.data));
  source.addEventListener("change", (event) => change(JSON.parse(event.data)));
  source.addEventListener("error", cut);
}

function newer(other) {
  // once a version: where two of them answer in turn, a page must not load itself for ever
  if (other === version || sessionStorage.getItem("version") === other) return;
  sessionStorage.setItem("version", other);
  location.reload();
}

function cut() {
  if (leaving || !source) return;
  if (line.dataset.state !== "cut")
    show("cut", `not live since ${FORMS.clock.format(Date.now())}: trying again`);
  if (source.readyState !== EventSource.CLOSED) return; // else it tries again by itself
  close();
  timer = setTimeout(again, AGAIN_MILLIS);
}

async function again() {
  // an answer that is no stream: perhaps the viewer has to sign in
  const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || [401, 404].includes(answer?.status)) location.reload();
  else open();
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(close, HIDDEN_MILLIS);
  else open();
});
addEventListener("pagehide", () => { leaving = true; close(); });
addEventListener("pageshow", (event) => { leaving = false; if (event.persisted) open(); });

// actions

function tell(words) {
  told.hidden = !words;
  told.textContent = words;
}

async function act(form, path) {
  if (acting) return;
  acting = true;
  tell("");
  try {
    const given = new URLSearchParams(new FormData(form));
    const headers = { "X-Xsrftoken": given.get("_xsrf") ?? "" };
    given.delete("_xsrf");
    const answer = await fetch(`/api${path}?${given}`, { method: "POST", headers });
    if (!answer.ok) tell((await answer.json()).error);
    else if (line.dataset.state !== "live") location.reload();
  } catch {
    tell("The dashboard does not answer: try again.");
  }
  acting = false;
}

document.addEventListener("submit", (event) => {
  const asks = event.target.dataset.asks;
  if (asks) {
    event.preventDefault();
    document.getElementById(asks).showModal();
  } else if (event.target.id === "act" || event.target.id === "raise") {
    event.preventDefault();
    event.submitter.closest("dialog")?.close();
    act(event.target, event.submitter.getAttribute("formaction") ?? event.target.getAttribute("action"));
  }
});

localize(document);
setInterval(() => localize(document, "time[data-form=from-now]"), TICK_MILLIS);
if (!document.hidden) open();
