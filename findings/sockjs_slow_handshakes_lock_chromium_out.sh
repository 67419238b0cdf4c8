#!/usr/bin/env bash
# Guess: SockJS is the safe choice: WebSocket where it works, streaming over HTTP elsewhere. Where the server and the
#   network are fine and a handshake takes 0.5 s (a session is looked up), every tab has a WebSocket half a second
#   after it has asked, and ten tabs are no different from one.
# What happens: three sensible rules meet. SockJS gives a WebSocket up that is not open after about 0.6 s: the faster
#   the network, the less it waits, since it goes by the time of its first request. Chromium makes one handshake at a
#   time for an address, and SockJS's clock runs while a tab waits for its turn. So of ten tabs that reconnect together
#   one or two get a WebSocket, and the others change to xhr-streaming, though nothing is wrong. Each of them
#   holds one HTTP connection, of which Chromium allows six for a server and all its tabs. From then on the site is
#   locked: no fetch() is answered and so no page of it loads, and the tabs that stream cannot send, because sending is
#   a request too. No tab is told of an error, and the server is idle. With handshakes that take no time the same ten
#   tabs all get a WebSocket, and so does a single tab with the slow ones.
# Versions: sockjs-client 1.6.1, sockjs 0.3.24, Chromium 156.0.8078.108, playwright-core 1.65.1, Node 20.20.
# To whom it matters: STOMP and Spring pages, webpack's and other tools with SockJS, over HTTP/1.1, whose users have
#   many tabs: all is well until a restart makes them come back at once. `timeout: 10000` or `transports: 'websocket'`
#   as an option of SockJS avoids it; so does HTTP/2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get update -qq > /dev/null
    timeout 500 apt-get install -y chromium > /dev/null
fi
cd "$work"
timeout 200 npm install --silent --no-audit --no-fund --no-package-lock \
    sockjs@0.3.24 sockjs-client@1.6.1 playwright-core@1.65.1 > /dev/null
cat > check.cjs <<'JS'
const fs = require('fs')
const http = require('http')
const { once } = require('events')
const { setTimeout: sleep } = require('timers/promises')
const { chromium } = require('playwright-core')
const sockjs = require('sockjs')

const version = name => JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`)).version
const library = fs.readFileSync('node_modules/sockjs-client/dist/sockjs.min.js')
const TABS = 10
const DELAY = 500

// A site with an echo at /echo, whose WebSocket handshakes take so many milliseconds.
async function site (delay) {
  const echo = sockjs.createServer({ log () {} })
  echo.on('connection', connection => connection.on('data', text => connection.write(text)))
  const inner = http.createServer()
  echo.installHandlers(inner, { prefix: '/echo' })
  const server = http.createServer((request, response) => {
    if (request.url.startsWith('/echo/')) return inner.emit('request', request, response)
    if (request.url === '/sockjs.js') return response.end(library)
    response.setHeader('Content-Type', 'text/html')
    response.end('<title>page</title><script src="/sockjs.js"></script>')
  })
  server.on('upgrade', (...request) => setTimeout(() => inner.emit('upgrade', ...request), delay))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${server.address().port}/` }
}

// Let each tab connect, and say what it has got.
async function connect (pages) {
  for (const page of pages) {
    await page.evaluate(() => {
      window.sock?.close()
      window.transport = 'none'
      window.echoed = false
      window.sock = new SockJS('/echo')
      window.sock.onopen = () => { window.transport = window.sock.transport }
      window.sock.onmessage = () => { window.echoed = true }
    })
  }
  await sleep(DELAY * pages.length)
  const seen = { websocket: 0, streaming: 0 }
  for (const page of pages) {
    const transport = await page.evaluate(() => window.transport)
    if (transport === 'websocket') seen.websocket++
    if (transport.startsWith('xhr')) seen.streaming++
  }
  return seen
}

async function run (browser, delay, tabs, enough) {
  const { server, url } = await site(delay)
  const context = await browser.newContext()
  const pages = []
  for (let i = 0; i < tabs; i++) {
    pages.push(await context.newPage())
    await pages[i].goto(url)
  }
  let seen
  for (let tries = 0; tries < 6; tries++) { // on a busy machine the first requests are slow, and SockJS waits longer
    seen = await connect(pages)
    if (enough(seen)) break
  }
  for (const page of pages) await page.evaluate(() => { if (window.transport !== 'none') window.sock.send('hello') })
  await sleep(3000)
  seen.echoed = 0
  for (const page of pages) seen.echoed += await page.evaluate(() => +window.echoed)
  seen.site = await pages[0].evaluate(() => Promise.race([
    fetch('/', { cache: 'no-store' }).then(() => 'answers'),
    new Promise(resolve => setTimeout(resolve, 8000, 'is locked'))
  ]))
  await context.close()
  server.closeAllConnections()
  server.close()
  console.log(`${tabs} tabs, handshakes of ${delay} ms:`.padEnd(32), JSON.stringify(seen))
  return seen
}

async function main () {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  console.log('Chromium', browser.version(), 'Node', process.version,
    ...['sockjs', 'sockjs-client', 'playwright-core'].map(name => `${name} ${version(name)}`))
  try {
    const one = await run(browser, DELAY, 1, seen => seen.websocket === 1)
    const many = await run(browser, DELAY, TABS, seen => seen.streaming >= 6)
    const quick = await run(browser, 0, TABS, seen => seen.websocket === TABS)
    if (one.websocket !== 1 || quick.websocket !== TABS || quick.site !== 'answers') {
      console.log('the machine is too busy: the control has failed')
      process.exitCode = 1
    } else if (many.streaming < 6 || many.site !== 'is locked') {
      console.log('CHANGED: slow handshakes no longer lock a site with SockJS')
      process.exitCode = 1
    }
  } finally {
    await browser.close()
  }
  process.exit()
}
main()
JS
timeout 300 node check.cjs
