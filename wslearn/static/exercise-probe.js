// The first script in a student's page while it is being checked: its network, its clock and its user are the check's.
(() => {
  "use strict";
  // Of an error in a sandboxed page's inline script WebKit (Safari) tells neither text nor line, only "Script error.". Of
  // one in a script at a data: address it tells both, so each becomes one before it runs, this one too.
  const muted = navigator.vendor.startsWith("Apple");
  const asData = ({ text }, above) =>
    `data:text/javascript;charset=utf-8,${"%0A".repeat(above)}${encodeURIComponent(text)}`;
  if (muted && !document.currentScript.src) {
    return document.write(`<script src="${asData(document.currentScript, 0)}"></${"script"}>`);
  }
  const FIRST_LINE = "{{lines}}" * 1;      // so many lines are ours
  const MOST = { sockets: 40, notes: 6_000, timers: 2_000 };
  const PATIENCE = 20;                     // ms of the page's clock that pass with each action
  const STUCK = 10_000;                    // ms of the real clock; the kernel gives up sooner
  const { port1: check, port2 } = new MessageChannel();
  const said = [];
  const send = check.postMessage.bind(check);
  const flush = () => { if (said.length) send(JSON.stringify(said.splice(0))); };
  /** Tell the check; what happens in one turn goes out together, because there may be thousands. */
  const post = (what) => {
    if (said.push(what) === 1) queueMicrotask(flush);
  };
  parent.postMessage("", "*", [port2]);

  // What happens, for the check

  let notes = 0;
  const note = (event, more = {}) => {
    notes += 1;
    if (notes === MOST.notes) post({ event: "floods" });
    if (notes >= MOST.notes) throw new RangeError("The check has stopped this page: it did too much.");
    post({ event, ...more });
  };
  const place = (line) => (line > FIRST_LINE ? line - FIRST_LINE : 0);
  addEventListener("error", (error) => {
    if (error instanceof ErrorEvent) note("error", { text: error.message, line: place(error.lineno) });
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => {
    const line = /(?:page\/[\w-]+|@data:[^:\s]+):(\d+)/.exec(reason?.stack ?? "")?.[1] ?? 0;
    note("error", { text: `Uncaught (in promise) ${reason}`, line: place(Number(line)) });
  });
  if (muted) {
    const starts = "{{starts}}".split(",").values();
    new MutationObserver((records) => {
      for (const script of records.flatMap(({ addedNodes }) => [...addedNodes])) {
        if (script.localName !== "script") continue;
        const lines = Number(starts.next().value ?? 0);
        if (!script.src) script.src = asData(script, FIRST_LINE + lines);
      }
    }).observe(document, { childList: true, subtree: true });
  }
  document.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
    note("blocked", { address: blockedURI, directive: effectiveDirective }));
  for (const [name, answer] of [["alert"], ["confirm", false], ["prompt", null], ["open", null], ["print"]]) {
    window[name] = (text = "") => (note("dialog", { name, text: String(text) }), answer);
  }
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "EventSource"]) delete window[name];

  for (const name of ["beforeunload", "pagehide"]) {
    addEventListener(name, ({ isTrusted }) => { if (isTrusted) note("navigates"); });
  }

  const { addEventListener: listen } = window;
  window.addEventListener = (name, ...more) => {
    if (["unload", "beforeunload"].includes(name)) note("listens", { name });
    return listen.call(window, name, ...more);
  };

  // The clock: it stands still until the check moves it

  const real = performance.now.bind(performance);
  let since = null;                        // when the page first asked for something in this turn
  /** Return `value`, unless a loop has asked again and again. Safari shows the page and the notebook in one process. */
  const unlessStuck = (value) => {
    since ??= real();
    if (real() - since > STUCK) throw new RangeError("The check has stopped this page: a loop in it never ends.");
    return value;
  };

  const epoch = Date.now();
  let now = 0, numbers = 0, nested = 0;    // `nested`: so many timers have set one another up to the one that runs
  const timers = new Map();
  const add = (repeats) => (callback, ms = 0, ...more) => {
    if (timers.size >= MOST.timers) throw new RangeError("The check has stopped this page: too many timers.");
    const level = nested + 1;              // as in a browser, a chain of timers waits 4 ms each, so that time passes
    const each = Math.max(Number(ms) || 0, repeats || level > 5 ? 4 : 0);
    timers.set(++numbers, { callback, more, at: now + each, each: repeats ? each : null, level });
    return numbers;
  };
  window.setTimeout = add(false);
  window.setInterval = add(true);
  window.clearTimeout = window.clearInterval = (number) => void timers.delete(number);
  window.requestAnimationFrame = (callback) => add(false)(() => callback(now), 16);
  window.cancelAnimationFrame = window.clearTimeout;
  performance.now = () => unlessStuck(now);
  const RealDate = Date;
  window.Date = class Date extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [epoch + now]));
    }
    static now() {
      return unlessStuck(epoch + now);
    }
  };

  /** Run `act` as a task of its own, so that an exception reaches `onerror`, with its line. */
  const { port1: later, port2: turn } = new MessageChannel();
  const jobs = [];
  turn.onmessage = () => {
    since = null;
    jobs.shift()();
  };
  const soon = (job) => (jobs.push(job), later.postMessage(0));
  const task = (act) => new Promise((done) => (soon(act), soon(done)));
  const calm = async () => {
    for (let turns = 0; turns < 3; turns++) await task(() => {});
  };
  async function pass(ms) {
    await calm();
    const end = now + ms;
    for (let ran = 0; ran < 4_000; ran++) {
      let [number, next] = [0, null];
      for (const [each, timer] of timers) if (timer.at <= end && (!next || timer.at < next.at)) [number, next] = [each, timer];
      if (!next) break;
      move(Math.max(now, next.at));
      if (next.each === null) timers.delete(number);
      else next.at = now + next.each;
      nested = next.level;
      await task(() => (typeof next.callback === "function" ? next.callback.call(window, ...next.more) : null));
      nested = 0;
      await calm();
    }
    move(end);
    await calm();
  }
  function move(to) {
    const passed = to - now;
    now = to;
    for (const socket of sockets) socket[inner].drain(passed);
  }

  // The network

  const inner = Symbol("inner"), sockets = [], encoder = new TextEncoder();
  let rate = Infinity;                     // bytes a ms that the network takes
  const list = (given) => (given === undefined ? [] : Array.isArray(given) ? given : [given]);

  class CheckedWebSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    constructor(url, protocols) {
      super();
      if (!arguments.length) throw new TypeError("Failed to construct 'WebSocket': 1 argument required, but only 0 present.");
      let address;
      try {
        address = new URL(url, document.baseURI);
      } catch {
        throw new DOMException(`Failed to construct 'WebSocket': The URL '${url}' is invalid.`, "SyntaxError");
      }
      address.protocol = { "http:": "ws:", "https:": "wss:" }[address.protocol] ?? address.protocol;
      if (!["ws:", "wss:"].includes(address.protocol)) {
        throw new DOMException(`Failed to construct 'WebSocket': The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '${address.protocol.slice(0, -1)}' is not allowed.`, "SyntaxError");
      }
      const wanted = list(protocols).map(String);
      if (new Set(wanted).size < wanted.length || wanted.some((each) => !/^[!#-'*+.\w^`|~-]+$/.test(each))) {
        throw new DOMException(`Failed to construct 'WebSocket': The subprotocol '${wanted}' is invalid.`, "SyntaxError");
      }
      if (sockets.length >= MOST.sockets) {
        note("crowds");
        throw new DOMException("Failed to construct 'WebSocket': Insufficient resources", "UnknownError");
      }
      const state = { ready: 0, waiting: [], bytes: 0, lost: 0, binary: "blob", protocol: "", closing: null, draining: false, on: {} };
      this[inner] = {
        state,
        drain: (ms) => drain(this, state, ms),
        receive: (what) => receive(this, state, what),
        number: sockets.push(this) - 1,
      };
      Object.defineProperty(this, "url", { value: address.href, enumerable: true });
      note("opens", { socket: this[inner].number, url: address.href, protocols: wanted, at: now });
    }
    get readyState() { return unlessStuck(this[inner].state.ready); }
    get bufferedAmount() { return unlessStuck(Math.ceil(this[inner].state.bytes) + this[inner].state.lost); }
    get protocol() { return this[inner].state.protocol; }
    get extensions() { return ""; }
    get binaryType() { return this[inner].state.binary; }
    set binaryType(kind) { if (["blob", "arraybuffer"].includes(kind)) this[inner].state.binary = kind; }
    send(data) {
      const { state, number } = this[inner];
      if (!arguments.length) throw new TypeError("Failed to execute 'send' on 'WebSocket': 1 argument required, but only 0 present.");
      if (state.ready === 0) {
        note("early", { socket: number });
        throw new DOMException("Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.", "InvalidStateError");
      }
      const binary = data instanceof ArrayBuffer || ArrayBuffer.isView(data) || data instanceof Blob;
      const text = binary ? null : String(data);
      const size = binary ? data.byteLength ?? data.size : encoder.encode(text).length;
      if (state.ready !== 1) {
        state.lost += size;
        return note("loses", { socket: number, data: binary ? `${size} bytes` : text.slice(0, 300).trimEnd() });
      }
      state.waiting.push({ size, left: size, data: binary ? { bytes: size } : text });
      state.bytes += size;
      note("queues", { socket: number, waiting: Math.round(state.bytes) });
      if (state.draining) return;          // one turn takes all of them, and there may be thousands
      state.draining = true;
      task(() => {
        state.draining = false;
        if (state.ready === 1) drain(this, state, 0);
      });
    }
    close(code, reason = "") {
      const { state, number } = this[inner];
      if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
        throw new DOMException(`Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${code} is neither.`, "InvalidAccessError");
      }
      if (encoder.encode(reason).length > 123) {
        throw new DOMException("Failed to execute 'close' on 'WebSocket': The close reason must not be greater than 123 UTF-8 bytes.", "SyntaxError");
      }
      if (state.ready >= 2) return;
      const early = state.ready === 0;
      state.ready = 2;
      state.closing = early ? { code: 1006, reason: "", wasClean: false } : { code: code ?? 1005, reason: String(reason), wasClean: true };
      note("closing", { socket: number, code: code ?? 1005, reason: String(reason), early });
      task(() => (early ? finish(this, state, true) : drain(this, state, 0)));
    }
  }
  for (const [name, value] of [["CONNECTING", 0], ["OPEN", 1], ["CLOSING", 2], ["CLOSED", 3]]) {
    Object.defineProperty(CheckedWebSocket.prototype, name, { value });
  }
  for (const name of ["open", "message", "error", "close"]) {
    Object.defineProperty(CheckedWebSocket.prototype, `on${name}`, {
      get() { return this[inner].state.on[name]?.handler ?? null; },
      set(handler) {
        const { on } = this[inner].state;
        if (typeof handler !== "function") handler = null;
        if (on[name]) return void (on[name].handler = handler);
        on[name] = { handler };
        this.addEventListener(name, (event) => on[name].handler?.call(this, event));
      },
    });
  }
  Object.defineProperty(CheckedWebSocket, "name", { value: "WebSocket" });
  window.WebSocket = CheckedWebSocket;

  /** Let the network take what it can in so many ms, and tell the check which messages have gone. */
  function drain(socket, state, ms) {
    let room = rate === Infinity ? Infinity : rate * ms;
    while (state.waiting.length && room > 0) {
      const [first] = state.waiting, taken = Math.min(first.left, room);
      first.left -= taken;
      room -= taken;
      state.bytes -= taken;
      if (first.left > 1e-9) break;
      state.waiting.shift();
      if (!state.waiting.length) state.bytes = 0;
      note("sends", { socket: socket[inner].number, ...shortened(first.data) });
    }
    if (!state.waiting.length && state.ready === 2 && state.closing?.wasClean) task(() => finish(socket, state, false));
  }
  /** Without the spaces at the end of a long text: 10 MB of them would have to go through all proxies. */
  function shortened(data) {
    return data.length > 1_000 ? { data: data.replace(/ +$/, ""), length: data.length } : { data };
  }
  function finish(socket, state, failed) {
    if (state.ready === 3) return;
    const { code, reason, wasClean } = state.closing;
    state.ready = 3;
    state.lost += state.bytes;
    [state.waiting, state.bytes] = [[], 0];
    if (failed) socket.dispatchEvent(new Event("error"));
    socket.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }
  function receive(socket, state, { what, data, bytes, code, reason = "", failed = false, protocol = "" }) {
    if (what === "open" && state.ready === 0) {
      [state.ready, state.protocol] = [1, protocol];
      socket.dispatchEvent(new Event("open"));
    } else if (what === "message" && state.ready === 1) {
      const raw = bytes && Uint8Array.from(bytes);
      const found = !raw ? data : state.binary === "blob" ? new Blob([raw]) : raw.buffer;
      socket.dispatchEvent(new MessageEvent("message", { data: found, origin: new URL(socket.url).origin }));
    } else if (what === "close" && state.ready < 3) {
      state.closing = { code, reason, wasClean: code !== 1006 };
      finish(socket, state, failed);
    }
  }

  // The user, and what is shown

  const missing = (selector) => ({ missing: [...document.querySelectorAll("[id]")].map(({ id }) => `#${id}`) });
  const acts = {
    async press({ selector }) {
      const element = document.querySelector(selector);
      if (!element) return missing(selector);
      if (element.disabled) return { disabled: true };
      await task(() => {
        const form = element.form && ["submit", ""].includes(element.type ?? "") ? element.form : null;
        let click;
        element.addEventListener("click", (event) => (click = event), { once: true });
        element.click();
        // A sandbox without forms leaves this event out.
        const submits = form && !click?.defaultPrevented;
        if (submits && form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: element }))) {
          note("submits");
        }
      });
      return {};
    },
    async type({ selector, text }) {
      const element = document.querySelector(selector);
      if (!element) return missing(selector);
      if (element.disabled || element.readOnly) return { disabled: true };
      await task(() => {
        element.focus();
        element.value = text;
        element.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
        element.dispatchEvent(new Event("change", { bubbles: true }));
      });
      return {};
    },
    look({ selector }) {
      const element = document.querySelector(selector);
      if (!element) return missing(selector);
      return {
        text: element.value ?? element.textContent,
        html: element.innerHTML.slice(0, 5_000),
        items: [...element.children].map((child) => child.textContent),
        tags: [...element.querySelectorAll("*")].map((child) => child.localName),
        disabled: element.disabled === true,
      };
    },
    async fire({ name, persisted }) {
      const event = ["pagehide", "pageshow"].includes(name) ? new PageTransitionEvent(name, { persisted }) : new Event(name);
      await task(() => void (name === "visibilitychange" ? document : window).dispatchEvent(event));
      return {};
    },
    async socket({ socket, ...what }) {
      await task(() => sockets[socket][inner].receive(what));
      return { ready: sockets[socket].readyState };
    },
    network({ bytes }) {
      rate = bytes ?? Infinity;
      return {};
    },
    chance({ values }) {
      let used = 0;
      Math.random = () => values[used++ % values.length];
      return {};
    },
    evaluate({ names }) {
      return Object.fromEntries(names.map((name) => [name, typeof window[name] === "undefined" ? null : String(window[name])]));
    },
    pass: () => ({}),
  };
  const reply = async ({ id, act, ms = PATIENCE, ...given }) => {
    since = null;
    const result = await acts[act](given);
    await pass(ms);
    // Each socket's bytes that wait, for a check of back-pressure.
    post({ id, ...result, sockets: sockets.map(({ readyState, bufferedAmount }) => [readyState, bufferedAmount]), now });
  };
  let turns = Promise.resolve();
  check.onmessage = ({ data }) => { turns = turns.then(() => reply(JSON.parse(data))); };
  document.currentScript?.remove();
})();
