import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { ConfigErrorCode } from './config-error.ts'
import { isLoopbackHost, parseHostPort } from './host-port.ts'
import type { Config } from './schema.ts'

export interface CrossProblem {
  readonly code: ConfigErrorCode
  readonly path: string
  readonly message: string
}

type Add = (code: ConfigErrorCode, path: string, message: string) => void

/** What a schema cannot say: addresses that must parse, and values that must go together. */
export function crossCheck(config: Config, explicit: (path: string) => boolean): CrossProblem[] {
  const problems: CrossProblem[] = []
  const add: Add = (code, path, message) => problems.push({ code, path, message })
  checkPeers(config, explicit, add)
  config.listen.forEach((address, index) => {
    checkListenAddress(address, `listen[${index}]`, add)
  })
  config.announce.forEach((address, index) => {
    parse(address, `announce[${index}]`, add)
  })
  config.bootstrap.forEach((line, index) => {
    checkBootstrapLine(line, `bootstrap[${index}]`, add)
  })
  config.peers.persistent.forEach((line, index) => {
    checkBootstrapLine(line, `peers.persistent[${index}]`, add)
  })
  checkAdmin(config.admin, explicit, add)
  checkInterop(config.security.interop, add)
  return problems
}

function checkPeers({ peers }: Config, explicit: (path: string) => boolean, add: Add): void {
  const order = [
    ['min', 'target'],
    ['target', 'max'],
  ] as const
  for (const [low, high] of order) {
    if (peers[low] <= peers[high]) continue
    // Told at the one that was set, so that the message points at what the operator wrote.
    const path = explicit(`peers.${low}`) ? `peers.${low}` : `peers.${high}`
    add('conflict', path, `peers.${low} is ${peers[low]} and peers.${high} ${peers[high]}, expected min <= target <= max`)
  }
}

function checkListenAddress(text: string, path: string, add: Add): void {
  const components = parse(text, path, add)
  if (components === undefined) return
  const names = components.map(({ name }) => name).join('/')
  if (names !== 'ip4/tcp' && names !== 'ip6/tcp') {
    add(
      'bad-address',
      path,
      `found ${JSON.stringify(text)}, expected /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT: a node listens on TCP`,
    )
  }
}

/** `MULTIADDR[/p2p/PEERID][#X0ID]`; the identity layer reads it again when it is used. */
function checkBootstrapLine(line: string, path: string, add: Add): void {
  const hash = line.indexOf('#')
  const components = parse(hash < 0 ? line : line.slice(0, hash), path, add)
  if (components === undefined) return
  const last = components.at(-1)
  if (last?.name === 'p2p') {
    if (components.length === 1)
      add('bad-address', path, 'a peer id alone is no way to a peer, expected its address before /p2p/')
    else if (!isPeerId(last.value ?? ''))
      add('bad-address', path, 'what follows /p2p/ is no peer id; copy the whole line that the other node printed')
  }
  if (hash < 0) return
  if (last?.name !== 'p2p') add('bad-address', path, 'an x0 id needs a peer id before it, expected MULTIADDR/p2p/PEERID#X0ID')
  // the last of 52 letters holds one bit of the 256 and four that are zero
  if (!/^x0[a-z2-7]{51}[aq]$/.test(line.slice(hash + 1))) {
    add(
      'bad-address',
      path,
      'what follows # is no x0 id (x0 and 52 letters or digits); copy the whole line that the other node printed',
    )
  }
}

function checkAdmin(admin: Config['admin'], explicit: (path: string) => boolean, add: Add): void {
  const bind = parseHostPort(admin.address)
  if (bind === undefined) {
    add(
      'bad-address',
      'admin.address',
      `found ${JSON.stringify(admin.address)}, expected HOST:PORT such as 127.0.0.1:9690 or [::1]:9690`,
    )
  } else if (!isLoopbackHost(bind.host)) {
    if (admin.tls === undefined) {
      add(
        'insecure',
        'admin.address',
        `${bind.host} is outside loopback, where tokens would travel in clear; set admin.tls.certificate and admin.tls.key, or use 127.0.0.1`,
      )
    }
    if (admin.openMetrics && explicit('admin.openMetrics')) {
      add(
        'insecure',
        'admin.openMetrics',
        `metrics without a token are for loopback only, and admin.address is ${bind.host}; remove it and give Prometheus a token`,
      )
    }
  }
  admin.allowedOrigins.forEach((origin, index) => {
    const url = URL.canParse(origin) ? new URL(origin) : undefined
    if (url === undefined || url.origin !== origin || !/^https?:$/.test(url.protocol)) {
      add(
        'bad-address',
        `admin.allowedOrigins[${index}]`,
        `found ${JSON.stringify(origin)}, expected an exact origin such as https://example.org, without a path`,
      )
    }
  })
}

function checkInterop(rules: Config['security']['interop'], add: Add): void {
  const seen = new Set<string>()
  rules.forEach((rule, index) => {
    const path = `security.interop[${index}]`
    if (seen.has(rule.protocol))
      add('conflict', `${path}.protocol`, `${rule.protocol} is named twice, expected one rule for each protocol`)
    seen.add(rule.protocol)
    if (rule.peers === 'any') return
    rule.peers.forEach((peer, at) => {
      if (!isPeerId(peer))
        add('bad-address', `${path}.peers[${at}]`, `found ${JSON.stringify(peer)}, expected a peer id (12D3Koo...)`)
    })
  })
}

function parse(text: string, path: string, add: Add): { name: string; value?: string }[] | undefined {
  try {
    const components = multiaddr(text).getComponents()
    if (components.length > 0) return components
  } catch {
    // The message below tells more than that of the parser, which names its own internals.
  }
  add('bad-address', path, `found ${JSON.stringify(text)}, expected a multiaddr such as /ip4/192.0.2.1/tcp/9691`)
  return undefined
}

function isPeerId(text: string): boolean {
  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}
