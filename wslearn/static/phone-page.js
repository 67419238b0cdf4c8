// What the phone's page shows: the poll, the wall, the parts of the page. It sends nothing.

import { $, element, isolated, say, sized } from "./class-dom.js";

const PARTS = ["vote", "wall", "more"];
const NEWS_MS = 8_000;
let silence;

/** Show the poll, or null for none. `pending` is a choice that the server has not acknowledged yet, or null. */
export function showPoll(poll, pending, connected) {
  const choices = poll?.choices ?? [];
  const mine = pending ?? poll?.mine ?? null;
  say($("question"), poll?.question ?? "No question yet");
  const total = poll?.results?.reduce((sum, count) => sum + count, 0) ?? 0;
  sized($("choices"), choices.length, makeChoice).forEach((button, index) => {
    const count = poll.results?.[index];
    const share = total > 0 && count !== undefined ? count / total : 0;
    button.setAttribute("aria-pressed", `${index === mine}`);
    button.setAttribute("aria-disabled", `${!poll.open}`);
    say(button.querySelector("bdi"), choices[index]);
    say(button.querySelector(".count"), count === undefined ? "" : `${count} · ${Math.round(100 * share)} %`);
    const right = poll.measured?.choices.includes(index);
    const wrong = !right && poll.measured?.choices.length > 0;
    say(button.querySelector(".mine"), index !== mine ? "" : `${pending !== null ? "…" : wrong ? "✗" : "✓"} your vote`);
    say(button.querySelector(".found"), right ? "◀ measured" : "");
    button.style.setProperty("--share", share);
  });
  say($("measured"), poll?.measured ? comparedOf(poll) : "");
  say($("vote-note"), noteOf(poll, pending, connected));
}

function noteOf(poll, pending, connected) {
  if (poll === null) return "The next question appears here.";
  if (pending !== null && !connected) return "Offline: your vote is sent when you're back.";
  if (pending !== null) return "Sending your vote.";
  if (!poll.open) return poll.mine === null ? "The poll is closed." : "The poll is closed. You have voted.";
  return poll.mine === null ? "Nobody sees who voted for what." : "Counted. You can still change it.";
}

/** Say what was measured, and whether the person's own vote was it. */
function comparedOf({ mine, choices, measured }) {
  const seen = `The class ${measured.text}`;
  if (mine === null || measured.choices.length === 0) return `${seen}.`;
  return `${seen}. ${measured.choices.includes(mine) ? "That was your guess!" : `Your guess was “${choices[mine]}”.`}`;
}

function makeChoice(index) {
  const button = element("button", "", "choice");
  button.type = "button";
  button.dataset.choice = index;
  button.append(isolated(""), element("span", "", "count"), element("span", "", "mine"), element("span", "", "found"));
  return button;
}

/** Show the messages on the wall, newest last, and how many of our own are on their way. */
export function showWall(messages, waiting, connected) {
  const log = $("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  $("wall-empty").hidden = messages.length > 0;
  log.hidden = messages.length === 0;
  sized($("messages"), messages.length, makeMessage).forEach((row, index) => {
    const [name, text] = row.querySelectorAll("bdi");
    say(name, messages[index].name);
    say(text, messages[index].message);
  });
  if (atEnd) log.scrollTop = log.scrollHeight;
  const what = waiting === 1 ? "Your message" : `Your ${waiting} messages`;
  const verb = waiting === 1 ? "is" : "are";
  const when = connected ? "on the way." : "sent when the connection is back.";
  say($("wall-note"), waiting === 0 ? "" : `${what} ${verb} ${when}`);
}

function makeMessage() {
  const row = element("li");
  row.append(isolated("", "name"), element("span", ": ", "unseen"), isolated("", "text"));
  return row;
}

/** Make a button for each reaction; names are for screen readers, which read most emoji aloud. */
export function showReactions(reactions, react) {
  $("reactions").replaceChildren(...reactions.map((reaction) => {
    const button = element("button", reaction);
    button.type = "button";
    button.setAttribute("aria-label", `React with ${reaction}`);
    button.addEventListener("click", () => {
      if (react(reaction) && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        button.animate({ transform: ["translateY(-0.75rem) scale(1.4)", "none"] }, 400);
      }
    });
    return button;
  }));
}

/** Show one part of the page: vote, wall or more. */
export function showPart(part) {
  for (const one of PARTS) {
    const tab = $(`tab-${one}`);
    $(one).hidden = one !== part;
    tab.setAttribute("aria-selected", `${one === part}`);
    tab.tabIndex = one === part ? 0 : -1;
  }
  delete $(`tab-${part}`).dataset.news;
  if (part === "wall") $("log").scrollTop = $("log").scrollHeight;
}

/** Return the part that is shown. */
export const shownPart = () => PARTS.find((one) => !$(one).hidden);

/** Mark a part that has news, unless it is shown. */
export function markNews(part) {
  if (shownPart() !== part) $(`tab-${part}`).dataset.news = "";
}

/** The tabs work as tabs do: click, or the arrow keys, Home and End. */
export function startTabs() {
  for (const one of PARTS) $(`tab-${one}`).addEventListener("click", () => showPart(one));
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const now = PARTS.indexOf(shownPart());
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: PARTS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const part = PARTS.at(to % PARTS.length);
    showPart(part);
    $(`tab-${part}`).focus();
  });
}

/** Show one of the three screens: join, class, or over. */
export function showScreen(screen) {
  document.body.dataset.screen = screen;
  $("join").hidden = screen !== "join";
  $("over").hidden = screen !== "over";
  document.querySelector("footer").hidden = screen !== "class";
  if (screen !== "class") PARTS.forEach((one) => ($(one).hidden = true));
  else if (shownPart() === undefined) showPart("vote");
}

/** Show that it is over, and why. With `again` there is a button to try again. */
export function showOver(title, why, again) {
  $("over-title").textContent = title;
  $("over-why").textContent = why;
  $("again").hidden = !again;
  showScreen("over");
  $("over-title").focus();
}

/** Show a round trip in milliseconds, or null for none; `late` while the answer is missing. */
export function showTrip(milliseconds, late = false) {
  const trip = $("trip");
  trip.dataset.late = `${late}`;
  if (milliseconds === null) trip.textContent = "";
  else if (late) trip.textContent = `silent ${Math.round(milliseconds / 1000)} s`;
  else trip.textContent = milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Tell what everybody else sees anyway to people who use a screen reader. */
export function aloud(text) {
  $("aloud").textContent = text;
}

/** Show what is new for a few seconds. */
export function tell(text) {
  $("news").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => ($("news").textContent = ""), NEWS_MS);
}

/** Return whether the person is writing: then nothing may move the focus, or what is shown. */
export function isTyping() {
  return document.activeElement instanceof HTMLInputElement;
}

/** Return whether a poll is as it should be. What a server sends is not to be trusted. */
export function isPoll({ poll, question, choices, measured }) {
  const isText = (one) => typeof one === "string";
  if (measured && !(isText(measured.text) && Array.isArray(measured.choices))) return false;
  return isText(poll) && isText(question) && Array.isArray(choices) && choices.every(isText);
}

/** Return whether a message on the wall is as it should be. */
export function isEntry(one) {
  return typeof one?.name === "string" && typeof one.message === "string";
}
