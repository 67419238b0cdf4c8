// Between a check in the kernel and the student's page in the frame: passes on what the two send.
//
// The student's page has a sandbox, so it cannot open a WebSocket to the kernel, and it must not reach the notebook
// around it. This page can do both, so nothing of the student's runs in it.

const ticket = location.hash.slice(1);
const address = new URL("ws", location.href);
address.protocol = address.protocol.replace("http", "ws");
address.hash = "";
const kernel = new WebSocket(address);
let frame, probe, loads = 0;

/** Show the student's page; the frame can go nowhere else, because that is the only address that it may have. */
function show() {
  const page = new URL(`page/${ticket}`, location.href);
  page.hash = "";
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `frame-src ${page}`;
  document.head.append(policy);
  frame = document.createElement("iframe");
  frame.title = "Your page, while it is being checked";
  frame.sandbox = "allow-scripts";
  frame.onload = () => {
    loads += 1;
    tell();
  };
  frame.src = page;
  document.body.append(frame);
}

const pass = (text) => { if (kernel.readyState === WebSocket.OPEN) kernel.send(text); };

/** Tell the kernel when the page has loaded and its probe listens, and when another page has taken its place. */
function tell() {
  if (loads && probe) pass(JSON.stringify([{ event: loads > 1 ? "navigates" : "loads" }]));
}

addEventListener("message", ({ source, ports }) => {
  // Only the first port: our script is the first that runs in the frame.
  if (probe || !frame || source !== frame.contentWindow || !ports.length) return;
  [probe] = ports;
  probe.onmessage = ({ data }) => pass(data);
  tell();
});
kernel.onopen = () => kernel.send(JSON.stringify({ ticket }));
kernel.onmessage = ({ data }) => {
  if (data === "show") show();
  else probe?.postMessage(data);
};
kernel.onclose = () => frame?.remove();
