// The board of `wslearn class`, for the projector: who is here, the poll, the wall. Only this machine can open it.

import { showPeople, startPeople } from "./board-people.js";
import { ClassConnection } from "./class-connection.js";
import { $, element, isolated, say, sized, socketAddress } from "./class-dom.js";

const WORDS = { connecting: "Connecting", open: "", waiting: "No connection to the server. Trying again.", ended: "The server has ended." };
const MOST_CHOICES = 12;

let poll = null;
let rows = [];            // the frames of the last vote, a line each
let chosen = null;        // the name that may be removed
let hideResults = false;  // whether the button Show hides them

const connection = new ClassConnection(socketAddress(), {
  opened: () => undefined,
  received,
  changed: (state) => {
    document.body.dataset.state = state;
    say($("state"), WORDS[state]);
  },
});
const send = (message) => connection.send(message) || say($("state"), "Not sent: there is no connection.");

function received(message) {
  if (message.type === "board") {
    if (connection.state !== "open") connection.ready(false);
    showBoard(message);
  } else if (message.type === "frames" && Array.isArray(message.rows)) {
    rows = message.rows.filter((row) => typeof row === "string");
    $("frames").hidden = rows.length === 0;
  } else if (message.type === "error") {
    say($("state"), `${message.message}`);
  }
}

function showBoard({ url, urls = [], code, people, count, poll: next, wall, wall_hidden: hidden, reactions }) {
  const away = people.length - count;
  say($("code"), code);
  say($("other-urls"), urls.length > 1 ? `or ${urls.slice(1).map(withoutScheme).join(", ")}` : "");
  say($("count"), `${count}`);
  say($("count-word"), count === 1 ? "person is here" : "people are here");
  say($("away"), away > 0 ? `${away} away` : "");
  if ($("qr").dataset.of !== url) {
    $("qr").dataset.of = url;
    $("qr").src = `qr-0.svg?${encodeURIComponent(url)}`;   // another address has another picture
    $("qr").hidden = false;
    const [host, ...path] = withoutScheme(url).split("/");
    $("url").replaceChildren(host, element("wbr"), `/${path.join("/")}`);   // a long address breaks before the code
  }
  showPeople(people);
  showPoll(next, count);
  showWall(wall, hidden);
  say($("reactions"), Object.entries(reactions ?? {}).map(([reaction, times]) => `${reaction}\u00a0${times}`).join("   "));
}

const withoutScheme = (url) => url.replace("http://", "");

// ---- The poll --------------------------------------------------------------------------------------------

/** Show the poll. The counts of a poll that isn't shown do not reach the page, which a whole class sees. */
function showPoll(next, count) {
  poll = next;
  const shown = poll?.shown === true;
  say($("question"), poll?.question ?? "No question yet");
  $("poll").dataset.shown = `${shown}`;
  $("poll").dataset.many = `${(poll?.choices.length ?? 0) > 5}`;
  $("poll").style.setProperty("--bars", poll?.choices.length ?? 1);
  sized($("bars"), poll?.choices.length ?? 0, makeBar).forEach((row, index) => {
    const votes = shown ? poll.counts[index] : 0;
    say(row.querySelector("bdi"), poll.choices[index]);
    say(row.querySelector(".votes"), shown ? `${votes}` : "");
    row.style.setProperty("--share", votes / Math.max(1, poll.voted));
    say(row.querySelector(".mark"), poll.measured?.choices.includes(index) ? "◀ measured" : "");
  });
  say($("measured").querySelector("bdi"), poll?.measured ? `The class ${poll.measured.text}` : "");
  $("poll").dataset.compared = `${Boolean(poll?.measured)}`;
  say($("voted"), poll === null ? "Press Ask, or write await board.ask(…) in the notebook." : `${poll.voted} of ${Math.max(count, poll.voted)} voted${poll.open ? "" : ", the poll is closed"}`);
  hideResults = shown;
  say($("show"), shown ? "Hide results" : "Show results");
  $("show").disabled = $("mark").disabled = $("clear-poll").disabled = poll === null;
  $("close-poll").disabled = !poll?.open;
}

function makeBar() {
  const row = element("li");
  row.append(isolated("", "choice"), element("span", "", "bar"), element("span", "", "mark"), element("span", "", "votes"));
  return row;
}

// ---- The wall --------------------------------------------------------------------------------------------

function showWall(wall, hidden) {
  const list = $("messages");
  const texts = JSON.stringify(wall);
  say($("hide-wall"), hidden ? "Show wall" : "Hide wall");
  say($("wall-note"), hidden ? "The wall is hidden." : wall.length ? "" : "Write on the wall with your phone.");
  if (list.dataset.texts === texts) return;
  list.dataset.texts = texts;
  sized(list, wall.length, makeMessage).forEach((row, index) => {
    const { name, message } = wall.at(-1 - index);   // the newest first: what no longer fits is old
    const [who, what] = row.querySelectorAll("bdi");
    say(who, name);
    say(what, message);
  });
}

function makeMessage() {
  const row = element("li");
  row.append(isolated("", "name"), " ", isolated("", "text"));
  return row;
}

// ---- The instructor's controls ---------------------------------------------------------------------------

function onClick(id, act) {
  $(id).addEventListener("click", act);
}

onClick("ask", () => {
  $("ask-problem").textContent = "";
  $("ask-dialog").showModal();
  $("ask-question").select();
});
$("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("ask-question").value.trim();
  const choices = $("ask-choices").value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (choices.length < 2 || choices.length > MOST_CHOICES) {
    $("ask-problem").textContent = `Write 2 to ${MOST_CHOICES} choices, one in each line. You wrote ${choices.length}.`;
    return;
  }
  if (send({ type: "ask", question, choices }) === true) $("ask-dialog").close();
});
onClick("show", () => send({ type: hideResults ? "hide" : "show" }));
for (const type of ["close-poll", "clear-poll", "clear-wall", "hide-wall"]) onClick(type, () => send({ type }));
onClick("mark", () => {
  const { poll: id, choices } = poll;   // another question may follow while the dialog is open
  $("mark-choices").replaceChildren(...choices.map((text, choice) => {
    const button = element("button");
    button.type = "button";
    button.append(isolated(text));
    button.addEventListener("click", () => send({ type: "mark", poll: id, choice }) === true && $("mark-dialog").close());
    return button;
  }));
  $("mark-dialog").showModal();
});
onClick("frames", () => {   // of the last vote before now: nothing changes while somebody explains them
  $("frame-rows").replaceChildren(...rows.map((row) => element("li", row)));
  $("frames-dialog").showModal();
});
onClick("remove", () => {
  send({ type: "remove", name: chosen });
  $("remove-dialog").close();
});
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
startPeople((name) => {
  chosen = name;
  $("remove-title").replaceChildren("Remove ", isolated(name), " from the class?");
  $("remove-dialog").showModal();
});
connection.connect();
