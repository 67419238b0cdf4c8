#!/usr/bin/env bash
# Guess: with reconnecting-websocket or partysocket, a page whose `open` listener sends the token first is logged in
#   again after each reconnection before anything else is sent. What it sent while disconnected is kept and follows.
# What happens: both libraries send what they kept before any `open` listener runs. So the server hears a chat
#   message first, where it expects the token, and closes with 1008. What was kept is forgotten by then: it reached
#   only a connection that refused it. The next attempt works (nothing is kept any more), so the page looks fine.
#   Only the messages of the interruption, for which the queue exists, are gone, without an error.
# Versions: reconnecting-websocket 4.4.0, partysocket 1.3.0, ws 8.23.0 as server and as their WebSocket, Node 20.20.
#   Control: the first connection, and a page that sends nothing while disconnected.
# To whom it matters: pages that log in with their first message, the usual way where a browser cannot set headers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 npm install --silent --no-audit --no-fund \
    reconnecting-websocket@4.4.0 partysocket@1.3.0 ws@8.23.0 > /dev/null
cat > check.cjs <<'JS'
const { WebSocketServer, WebSocket } = require('ws')
const version = name => JSON.parse(require('fs').readFileSync(`node_modules/${name}/package.json`)).version
const libraries = {
  'reconnecting-websocket': require('reconnecting-websocket'),
  partysocket: require('partysocket/ws').default
}

// The server wants the token first. It restarts the first connection, and stores what it is told on the later ones.
function run (Library, queued) {
  return new Promise(resolve => {
    const firsts = []
    const stored = []
    const closes = []
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
      const url = `ws://127.0.0.1:${server.address().port}`
      const page = new Library(url, [], { WebSocket, minReconnectionDelay: 300, maxReconnectionDelay: 400 })
      page.addEventListener('open', () => page.send('token'))
      page.addEventListener('close', ({ code }) => {
        closes.push(code)
        if (closes.length === 1) for (const message of queued) page.send(message)
      })
      setTimeout(() => {
        page.close()
        for (const client of server.clients) client.terminate()
        server.close(() => resolve({ firsts, closes, stored }))
      }, 4000)
    })
    server.on('connection', ws => {
      let known
      ws.on('message', data => {
        const message = data.toString()
        if (known) return stored.push(message)
        if (known === false) return // refused, and being closed
        firsts.push(message)
        known = message === 'token'
        if (!known) ws.close(1008, 'token first')
        else if (firsts.length === 1) ws.close(1012, 'restart')
      })
    })
  })
}

async function main () {
  console.log('Node', process.version, ...[...Object.keys(libraries), 'ws'].map(name => `${name} ${version(name)}`))
  let changed = false
  for (const [name, Library] of Object.entries(libraries)) {
    const quiet = await run(Library, [])
    const busy = await run(Library, ['chat 1', 'chat 2'])
    console.log(name)
    console.log('  nothing sent while disconnected: first messages', quiet.firsts, 'closes', quiet.closes.slice(0, 1))
    console.log('  two messages while disconnected: first messages', busy.firsts, 'closes', busy.closes.slice(0, 2))
    console.log('  stored by the server:', busy.stored)
    changed ||= quiet.firsts.join() !== 'token,token' || busy.firsts.join() !== 'token,chat 1,token' ||
      busy.closes.slice(0, 2).join() !== '1012,1008' || busy.stored.length !== 0
  }
  if (changed) {
    console.log('CHANGED: the kept messages no longer overtake the token')
    process.exit(1)
  }
  process.exit(0)
}
main()
JS
timeout 60 node check.cjs
