// An experiment of the class on a phone: the server sends messages, and measures when the page has them.

import { $, isolated } from "./class-dom.js";
import { aloud, markNews, tell } from "./phone-page.js";

const APART_MS = 120;      // between two answers, because the server takes ten messages a second
const ALOUD_MS = 5_000;    // between two messages that a screen reader reads

let send;
let answeredAt = -APART_MS;
let newest = 0;            // the number of the newest message
let timer;
let spokenAt = -ALOUD_MS;

/** `sendMessage(message)` sends, if there is a connection. */
export function startExperiment(sendMessage) {
  send = sendMessage;
  $("say-hi").addEventListener("click", () => tell(send({ type: "say-hi" }) ? "You said hi." : "You're offline: nobody heard you."));
}

/** Take a message of the server if it is about an experiment. */
export function received(message) {
  if (message.type === "experiment") begin(message);
  else if (message.type === "delivery") delivered(message);
  else if (message.type === "no-experiment") end();
}

function begin({ title, room }) {
  if (typeof title !== "string") return;
  const inRoom = typeof room === "string";
  if ($("experiment").hidden) {
    $("delivery").textContent = "";
    $("count").textContent = "0";
    aloud(`Experiment: ${title}. You can help in the part More.`);
    markNews("more");
  } else if (inRoom) {
    aloud(`You are in room ${room}.`);
  }
  $("experiment").hidden = false;
  $("experiment-title").replaceChildren(isolated(title));
  $("room").replaceChildren(...(inRoom ? ["You are in room ", isolated(room)] : []));
  $("say-hi").hidden = !inRoom;
}

/** Show a message, and answer it. One answer is for all messages that came before it. */
function delivered({ number, message }) {
  if (!Number.isSafeInteger(number) || typeof message !== "string") return;
  newest = number;
  const due = answeredAt + APART_MS - performance.now();
  if (due <= 0) answer();
  else if (timer === undefined) timer = setTimeout(answer, due);
  $("delivery").replaceChildren(isolated(message));
  $("count").textContent = `${Number($("count").textContent) + 1}`;
  if (performance.now() < spokenAt + ALOUD_MS) return;
  spokenAt = performance.now();
  aloud(message);
}

/** The experiment is over, or the connection is a new one: then the experiment follows, if it still goes on. */
export function end() {
  clearTimeout(timer);
  timer = undefined;
  $("experiment").hidden = true;
}

function answer() {
  timer = undefined;
  answeredAt = performance.now();
  send({ type: "got", number: newest });
}
