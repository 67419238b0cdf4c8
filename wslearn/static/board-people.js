// Who is here, each with a strip of the last round trips. Names shrink until everybody fits on one screen.

import { $, element, isolated, say, sized } from "./class-dom.js";

const SAMPLES = 40;           // one a second
const FASTEST = 0.001, SLOWEST = 10;   // seconds, at the bottom and at the top of a strip
const WIDTH = 40, HEIGHT = 10;         // of a strip, in its own units
const DENSE = 60;            // more people than this: a cell has no room for the round trip in figures
const LETTERS = 8;           // a cell is as wide as this many times the size of its type
const LARGEST = 1.25;        // times the size of the page's type
const SVG = "http://www.w3.org/2000/svg";
const STATES = { live: "", slow: "slow", away: "away" };
const VOLUNTEERS = { "slow-client": "slow client", tunnel: "in a tunnel" };

let people = [];
let trips = new Map();        // name -> round trips in seconds or null, oldest first

/** Show everybody. `chosen(name)` is called when a name is pressed. */
export function startPeople(chosen) {
  $("people").addEventListener("click", ({ target }) => {
    const name = target.closest("button")?.dataset.name;
    if (name !== undefined) chosen(name);
  });
  new ResizeObserver(arrange).observe($("people"));
  setInterval(sample, 1_000);
}

/** Take note of who is here now. */
export function showPeople(next) {
  const grown = next.length !== people.length;
  people = next;
  sized($("people"), people.length, makePerson).forEach((row, index) => {
    const { name, rtt, state, volunteer } = people[index];
    const button = row.firstElementChild;
    const role = VOLUNTEERS[volunteer] ?? STATES[state] ?? "";
    const trip = inWords(rtt);
    row.dataset.state = state;
    row.dataset.role = role;
    if (button.dataset.name !== name) button.dataset.name = name;
    say(button.querySelector("bdi"), name);
    say(button.querySelector(".trip"), role || trip);
    const title = [name, role, trip].filter(Boolean).join(", ");
    if (button.title !== title) button.title = title;
  });
  if (grown) arrange();
}

/** Return a round trip in words. */
function inWords(seconds) {
  if (typeof seconds !== "number") return "";
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  return `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}

/** Choose the columns in which everybody fits, with names as large as possible. */
function arrange() {
  const list = $("people");
  $("here").dataset.dense = people.length > DENSE ? "yes" : "no";
  const { clientWidth: width, clientHeight: height } = list;
  if (!people.length || !width || !height) return;
  const lines = people.length > DENSE ? 1.6 : 2.4;   // of text that a cell is high
  const largest = LARGEST * parseFloat(getComputedStyle(document.documentElement).fontSize);
  let best = { size: 0 };
  for (let columns = 1; columns <= 24; columns++) {
    const rows = Math.ceil(people.length / columns);
    const size = Math.min(height / rows / lines, width / columns / LETTERS, largest);
    if (size >= best.size && columns <= people.length) best = { size, columns, rows };
  }
  for (const [name, value] of Object.entries({ ...best, size: `${best.size}px` })) list.style.setProperty(`--${name}`, value);
}

function makePerson() {
  const row = element("li");
  const button = element("button");
  const strip = document.createElementNS(SVG, "svg");
  strip.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  strip.setAttribute("preserveAspectRatio", "none");
  strip.setAttribute("aria-hidden", "true");
  strip.append(document.createElementNS(SVG, "path"));
  button.type = "button";
  button.append(isolated("", "name"), element("span", "", "trip"), strip);
  row.append(button);
  return row;
}

/** Once a second each strip moves on by one. */
function sample() {
  const next = new Map();
  for (const { name, rtt, state } of people) {
    const kept = trips.get(name) ?? [];
    next.set(name, [...kept, state === "away" ? null : rtt].slice(-SAMPLES));
  }
  trips = next;
  for (const row of $("people").children) {
    const button = row.firstElementChild;
    button.querySelector("path").setAttribute("d", path(trips.get(button.dataset.name) ?? []));
  }
}

/** Return a strip as a path: a bar for each second, as high as its round trip on a logarithmic scale, none for null. */
function path(seconds) {
  const left = WIDTH - seconds.length;
  return seconds.map((value, index) => {
    if (value === null || value === undefined) return "";
    const level = Math.log(value / FASTEST) / Math.log(SLOWEST / FASTEST);
    const high = HEIGHT * Math.min(1, Math.max(0.06, level));
    return `M${left + index} ${HEIGHT}v${-high.toFixed(2)}h1v${high.toFixed(2)}z`;
  }).join("");
}
