#!/usr/bin/env bash
# Guess: `webSocket(url).pipe(retry(...))` of RxJS comes back after a server's restart, the more surely the more
#   clearly the server says so: 1012 "service restart", 1013 "try again later", 1011 for an error.
# What happens: RxJS asks only whether the closing handshake was complete (`wasClean`). Every close with a handshake
#   completes the stream, 1011, 1012 and 1013 included, and `retry` acts on errors only: those clients never come
#   back. A server that is killed, or drops the connection without a word, gets them all back. The better a server
#   says goodbye, the fewer return. `repeat` beside `retry` brings all of them back.
# Versions: rxjs 7.8.2, ws 8.23.0 as server and as WebSocket, Node 20.20.
# To whom it matters: Angular and RxJS pages in front of servers that shut down gracefully (uvicorn closes with
#   1012, websockets with 1001, Tornado's keepalive with 1000): the page is silent after a deployment, and every
#   test that kills the server passes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 npm install --silent --no-audit --no-fund \
    rxjs@7.8.2 ws@8.23.0 > /dev/null
cat > check.cjs <<'JS'
const { WebSocketServer, WebSocket } = require('ws')
const { webSocket } = require('rxjs/webSocket')
const { repeat, retry } = require('rxjs')
const version = name => JSON.parse(require('fs').readFileSync(`node_modules/${name}/package.json`)).version
const operators = {
  retry: [retry({ delay: 100 })],
  'retry and repeat': [repeat({ delay: 100 }), retry({ delay: 100 })]
}

// How the stream goes on after the server has ended the first connection in this way.
function run (ending, pipe) {
  return new Promise(resolve => {
    let connections = 0
    let end = 'goes on'
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
      const url = `ws://127.0.0.1:${server.address().port}`
      const subscription = webSocket({ url, WebSocketCtor: WebSocket }).pipe(...pipe).subscribe({
        complete: () => { end = 'is complete' },
        error: () => { end = 'has failed' }
      })
      setTimeout(() => {
        subscription.unsubscribe()
        for (const client of server.clients) client.terminate()
        server.close(() => resolve({ connections, end }))
      }, 1500)
    })
    server.on('connection', ws => {
      if (++connections > 1) return
      if (ending === 'dropped') ws.terminate()
      else ws.close(ending, 'restart')
    })
  })
}

async function main () {
  console.log('Node', process.version, 'rxjs', version('rxjs'), 'ws', version('ws'))
  let changed = false
  for (const [name, pipe] of Object.entries(operators)) {
    console.log(name)
    for (const ending of ['dropped', 1000, 1001, 1011, 1012, 1013]) {
      const { connections, end } = await run(ending, pipe)
      console.log(`  first connection ${ending === 'dropped' ? ending : 'closed with ' + ending}:`.padEnd(36),
        `the stream ${end}, connections: ${connections}`)
      const stranded = name === 'retry' && ending !== 'dropped'
      changed ||= stranded ? connections !== 1 || end !== 'is complete' : connections !== 2 || end !== 'goes on'
    }
  }
  if (changed) console.log('CHANGED: polite and impolite ends are treated in another way')
  process.exit(changed ? 1 : 0)
}
main()
JS
timeout 60 node check.cjs
