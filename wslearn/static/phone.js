// The phone's page of `wslearn class`. The life of a phone: join -> in the class, perhaps away and back -> over.
// The connection is in class-connection.js, what is on its way to the server in phone-outbox.js.

import { ClassConnection } from "./class-connection.js";
import { $, isolated, say, socketAddress } from "./class-dom.js";
import { randomHex, remember, remembered } from "./keep.js";
import { onLeaving } from "./leaving.js";
import { friendlyName } from "./phone-names.js";
import * as experiment from "./phone-experiment.js";
import * as outbox from "./phone-outbox.js";
import * as page from "./phone-page.js";
import { aloud, isTyping, tell } from "./phone-page.js";

const ASK_MS = 3_000;
const VOLUNTEERS = new Set(["slow-client", "tunnel"]);

const kept = remembered();
const session = /^[0-9a-f]{32}$/.test(kept.session) ? kept.session : randomHex(16);   // a secret: it is our identity
remember({ session });

let wish = typeof kept.name === "string" ? kept.name : friendlyName();
let inside = false;        // whether the server has let us in since the page was loaded
let removed = false;
let epoch = null;          // changes if the class begins again
let poll = null;
let wall = [];
let volunteer = null;
let lastError = "";     // of the server, about nothing that is on its way

const connection = new ClassConnection(socketAddress(), {
  opened: () => connection.send({ type: "join-class", session, name: wish }),
  received,
  changed,
  measured: page.showTrip,
});
const connected = () => connection.state === "open";
experiment.startExperiment((message) => connected() && connection.send(message));
outbox.startOutbox({
  send: (message) => connection.send(message),
  abandon: (reason) => connection.abandon(reason),
  settled,
});

// ---- What arrives ----------------------------------------------------------------------------------------

function received(message) {
  switch (message.type) {
    case "welcome": return welcomed(message);
    case "poll": return page.isPoll(message) && polled(message);
    case "no-poll": return polled(null);
    case "wall": return Array.isArray(message.messages) && walled(message.messages.filter(page.isEntry));
    case "volunteer": return volunteered(message.as, message.seconds);
    case "removed": removed = true; return undefined;
    case "ack": return outbox.replied(message);
    case "error": return outbox.replied(message) || failed(message);
    default: return experiment.received(message);
  }
}

function welcomed({ name, epoch: now, reactions }) {
  if (typeof name !== "string" || typeof now !== "string") return;
  const back = inside;
  if (inside && connected()) {
    tell(`You are ${name} now.`);
  } else if (name !== wish && !remembered().joined) {
    tell(`Somebody is called ${wish} already, or the name can't be used. You are ${name}.`);
  }
  wish = name;
  inside = true;
  remember({ name, joined: true });
  $("me").replaceChildren(isolated(name));
  $("new-name").value = name;
  if (connected()) return;   // the reply to a new name
  connection.ready(true);
  const lost = outbox.cameBack(now);
  if (lost) tell("The class began again, so your last vote was not counted.");
  epoch = now;
  if (Array.isArray(reactions)) page.showReactions(reactions.filter((one) => typeof one === "string"), react);
  page.showScreen("class");
  volunteered(null);
  experiment.end();   // if it goes on, it follows
  refresh();
  if (!back) $("question").focus();
}

function polled(next) {
  const news = next !== null && next.poll !== poll?.poll;
  const shown = !news && ((next?.results && !poll?.results) || (next?.measured && !poll?.measured));
  const closed = next && !next.open && poll?.open && !news;
  poll = next;
  refresh();
  if (!news && !shown) return closed && aloud("The poll is closed.");
  if (shown) aloud("The results are shown.");
  if (news) aloud(`New question: ${poll.question}`);
  if (inside && !isTyping()) page.showPart("vote");
  return page.markNews("vote");
}

function walled(messages) {
  const news = messages.length > 0 && JSON.stringify(messages) !== JSON.stringify(wall);
  wall = messages;
  refresh();
  if (news) page.markNews("wall");
}

function volunteered(role, seconds) {
  const before = volunteer;
  volunteer = VOLUNTEERS.has(role) ? role : null;
  for (const each of document.querySelectorAll("[data-as]")) {
    each.setAttribute("aria-checked", `${each.dataset.as === volunteer}`);
  }
  document.body.dataset.volunteer = volunteer ?? "";
  if (volunteer === "tunnel" && seconds > 0) tell(`You are in the tunnel for ${Math.round(seconds)} seconds.`);
  else if (before === "tunnel" && volunteer === null) tell("You are out of the tunnel.");
}

function settled(one, error) {
  if (error === null && one.type === "vote" && poll?.poll === one.poll) poll.mine = one.choice;
  refresh();
  if (error?.code === "poll-closed") return tell("The poll was closed before your vote arrived.");
  if (error && one.type === "wall-message") say($("wall-note"), `Your message was not accepted: ${error.message}`);
  else if (error) tell(`Your vote was not accepted: ${error.message}`);
  return undefined;
}

function failed({ code, message }) {
  lastError = `${message}`;
  if (!inside) $("join-problem").textContent = `${message}`;
  else if (code !== "rate-limited") tell(`The server reports: ${message}`);
}

// ---- The connection --------------------------------------------------------------------------------------

function changed(state, { code, reason, opened, own, wait }) {
  document.body.dataset.state = state;
  const waits = `Offline. Trying again in ${Math.max(1, Math.round(wait / 1000))} s`;
  say($("state"), { connecting: inside ? "Connecting again" : "Joining", open: "Connected", waiting: waits, ended: "Not connected" }[state]);
  $("join-button").setAttribute("aria-disabled", `${state === "connecting" || state === "waiting"}`);
  $("join-button").textContent = state === "ended" || state === "open" ? "Join" : "Joining …";
  if (state === "open") $("join-problem").textContent = "";
  if (state === "open" || state === "connecting") return;
  page.showTrip(null);
  outbox.wentAway();
  refresh();
  if (removed) return over("You were removed", "The instructor has removed you from the class. Talk to your instructor if you want to come back.");
  if (state === "waiting") return opened ? undefined : askWhy();
  if (own) return undefined;   // we ended it ourselves
  const why = lastError || reason;
  return over("The server closed the connection", `${why && `Its reason: ${why}. `}Close code ${code}.`, true);
}

/** A browser only tells a page 1006. Ask over HTTP whether this class is still there. */
async function askWhy() {
  const status = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(ASK_MS) })
    .then((response) => response.status, () => null);
  if (connection.state !== "waiting") return;
  if (status === 404) {
    connection.end();
    over("The code isn't valid", "This class has ended, or it has another code now. Scan the code on the board again.");
  } else if (!inside) {
    $("join-problem").textContent = status === null
      ? "The class can't be reached. Is this phone in the same Wi-Fi as the class? The page tries again."
      : "The server doesn't let this phone in yet. Perhaps the class is full. The page tries again.";
  }
}

function over(title, why, again = false) {
  outbox.emptyOutbox();
  experiment.end();
  remember({ joined: false });
  inside = false;
  tell("");
  $("me").textContent = "";
  page.showOver(title, why, again);
}

/** A phone that was locked, was without a network, or is tapped on meanwhile, does not wait for its timers. */
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connection.wake());
addEventListener("pageshow", () => connection.wake());
addEventListener("online", () => connection.wake());
addEventListener("pointerdown", () => connection.state === "waiting" && connection.connect());
addEventListener("offline", () => connected() && connection.abandon("no network"));   // no need to wait for a pong
onLeaving(() => {
  if (connection.state === "ended") return false;
  connection.end("page left");
  return true;
}, () => connection.connect());

// ---- What the person does --------------------------------------------------------------------------------

function refresh() {
  page.showPoll(poll, poll && outbox.pendingVote(poll.poll, epoch), connected());
  page.showWall(wall, outbox.messagesWaiting(), connected());
}

function react(reaction) {
  const sent = connected() && connection.send({ type: "react", reaction });
  tell(sent ? `Sent ${reaction}` : "You're offline: the reaction was not sent.");
  return sent;
}

function onSubmit(id, act) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();   // otherwise the browser would reload the page, and drop the WebSocket
    act();
  });
}

function join() {
  if (connection.state !== "ended") return;
  removed = false;
  $("join-problem").textContent = "";
  page.showScreen("join");
  connection.connect();
}

onSubmit("join", () => {
  wish = $("wish").value.trim() || wish;
  join();
});
onSubmit("write", () => {
  const text = $("text").value.trim();
  if (!text) return;
  if (outbox.writeLater(text)) $("text").value = "";
  refresh();
  if (!connected() || outbox.messagesWaiting() < 20) return;
  say($("wall-note"), "Too many of your messages are waiting already.");
});
onSubmit("rename", () => {
  const name = $("new-name").value.trim();
  if (!name || connection.send({ type: "rename", name })) return;
  tell("You're offline. Try again when the connection is back.");
});
$("choices").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button || !poll?.open) return;
  const choice = Number(button.dataset.choice);
  if (choice !== (outbox.pendingVote(poll.poll, epoch) ?? poll.mine)) outbox.vote(poll.poll, choice, epoch);
  refresh();
});
$("more").addEventListener("click", ({ target }) => {
  const role = target.closest("[data-as]")?.dataset.as;
  if (role === undefined) return;
  const as = role === volunteer ? null : role;
  if (connection.send({ type: "volunteer", as })) volunteered(as);
  else tell("You're offline. Try again when the connection is back.");
});
$("again").addEventListener("click", join);
$("wish").value = wish;
$("wish").addEventListener("focus", () => $("wish").select());
page.startTabs();
page.showScreen("join");
if (kept.joined === true) join();   // after a reload, or when the phone has dropped the page from its memory
