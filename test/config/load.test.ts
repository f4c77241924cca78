import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigError, type ConfigErrorCode } from '../../src/config/config-error.ts'
import { CONFIG_FILE_NAME, type ConfigSources, type FlagValue, loadConfig, resolveConfig } from '../../src/config/load.ts'
import { describeOrigin, isExplicit } from '../../src/config/origin.ts'
import { ADMIN_DEFAULT, LISTEN_DEFAULT } from '../../src/config/schema.ts'
import { configLeaves } from '../../src/config/schema-tree.ts'
import { homePaths } from '../../src/store/home-paths.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const PEER = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const X0_ID = `x0${'a'.repeat(52)}`

function resolved(text = '', env: Record<string, string> = {}, flags: FlagValue[] = []) {
  const sources: ConfigSources = { flags, env, file: { path: '/etc/x0/config.yaml', text }, folder: '/srv/node' }
  return resolveConfig(sources)
}

/** The problems of a configuration that must be refused, as `code where path`, and all messages. */
function refused(text: string, env: Record<string, string> = {}, flags: FlagValue[] = []) {
  try {
    resolved(text, env, flags)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    assert.equal(error.code, error.problems[0]?.code)
    return { codes: error.problems.map((problem) => problem.code), problems: error.problems, message: error.message }
  }
  return assert.fail(`accepted: ${text} ${JSON.stringify(env)}`)
}

function refusedOnce(text: string, code: ConfigErrorCode, path: string, message: RegExp, env: Record<string, string> = {}) {
  const { problems, message: all } = refused(text, env)
  assert.deepEqual(
    problems.map((problem) => [problem.code, problem.path]),
    [[code, path]],
    all,
  )
  assert.match(all, message)
}

test('nothing given: the defaults, none of them explicit', () => {
  for (const text of ['', '# only a comment\n', '---\n', '{}', 'admin:\npeers: {}\n']) {
    const loaded = resolved(text)
    assert.deepEqual(loaded.config.listen, LISTEN_DEFAULT)
    assert.equal(loaded.config.admin.address, ADMIN_DEFAULT)
    assert.deepEqual(loaded.config.security.interop, [])
    assert.equal(loaded.config.admin.tls, undefined)
    assert.deepEqual([...new Set([...loaded.origins.values()].map((origin) => origin.kind))], ['default'])
    assert.equal(isExplicit(loaded, 'listen'), false)
  }
  assert.throws(() => isExplicit(resolved(), 'nonsense'), TypeError)
})

test('a default that the operator writes out is explicit', () => {
  const loaded = resolved(`admin:\n  # fixed\n  address: ${ADMIN_DEFAULT}\n`, { X0_LISTEN: LISTEN_DEFAULT.join(',') })
  assert.equal(isExplicit(loaded, 'admin.address'), true)
  assert.equal(isExplicit(loaded, 'listen'), true)
  assert.equal(isExplicit(loaded, 'admin.socket'), false)
  assert.equal(describeOrigin(loaded.origins.get('admin.address') ?? { kind: 'default' }), '/etc/x0/config.yaml line 3')
  assert.equal(describeOrigin(loaded.origins.get('listen') ?? { kind: 'default' }), 'X0_LISTEN')
})

test('flag over variable over file over default, for each setting by itself', () => {
  const settings = ['liveness.idleSeconds', 'limits.connectionsPerAddress', 'security.renewAfterHours', 'admin.burst'] as const
  const value = fc.option(fc.integer({ min: 5, max: 20 }), { nil: undefined })
  const row = fc.record({ flag: value, variable: value, file: value })
  fc.assert(
    fc.property(fc.tuple(row, row, row, row), (rows) => {
      const flags: FlagValue[] = []
      const env: Record<string, string> = {}
      const sections: string[] = []
      settings.forEach((path, index) => {
        const { flag, variable, file } = rows[index] ?? {}
        const [section, key] = path.split('.')
        if (flag !== undefined) flags.push({ path, flag: `--${key}`, value: index % 2 === 0 ? flag : String(flag) })
        if (variable !== undefined) env[configLeaves().find((leaf) => leaf.path === path)?.variable ?? ''] = String(variable)
        if (file !== undefined) sections.push(`${section}: { ${key}: ${file} }`)
      })
      const loaded = resolved(sections.join('\n'), env, flags)
      const defaults = resolved().config
      const read = (config: typeof defaults) => [
        config.liveness.idleSeconds,
        config.limits.connectionsPerAddress,
        config.security.renewAfterHours,
        config.admin.burst,
      ]
      settings.forEach((path, index) => {
        const { flag, variable, file } = rows[index] ?? {}
        assert.equal(read(loaded.config)[index], flag ?? variable ?? file ?? read(defaults)[index])
        const kind = flag !== undefined ? 'flag' : variable !== undefined ? 'variable' : file !== undefined ? 'file' : 'default'
        assert.equal(loaded.origins.get(path)?.kind, kind)
      })
    }),
  )
})

test('every setting has a variable of its own and takes its default from it', () => {
  const leaves = configLeaves()
  assert.equal(new Set(leaves.map(({ variable }) => variable)).size, leaves.length)
  for (const leaf of leaves) {
    if (leaf.optional) continue
    const isText = typeof leaf.node.default === 'string'
    const isTextList = Array.isArray(leaf.node.default) && leaf.node.items?.type === 'string'
    const text = isText ? String(leaf.node.default) : isTextList ? String(leaf.node.default) : JSON.stringify(leaf.node.default)
    const loaded = resolved('', { [leaf.variable]: text })
    assert.deepEqual(loaded.config, resolved().config, leaf.variable)
    assert.equal(loaded.origins.get(leaf.path)?.kind, 'variable')
  }
})

test('a list replaces a list; the last of a repeated flag counts; empty means none', () => {
  const { config } = resolved('announce: [/ip4/192.0.2.1/tcp/1]\n', {
    X0_ANNOUNCE: ' /ip4/192.0.2.2/tcp/2 , /dns4/a.example/tcp/3 ',
  })
  assert.deepEqual(config.announce, ['/ip4/192.0.2.2/tcp/2', '/dns4/a.example/tcp/3'])
  assert.deepEqual(resolved('announce: [/ip4/192.0.2.1/tcp/1]\n', { X0_ANNOUNCE: '' }).config.announce, [])
  const flags: FlagValue[] = [
    { path: 'admin.address', flag: '--admin', value: '127.0.0.1:1' },
    { path: 'admin.address', flag: '--admin', value: '127.0.0.1:2' },
    { path: 'listen', flag: '--listen', value: ['/ip4/127.0.0.1/tcp/0'] },
  ]
  const byFlags = resolved('', {}, flags).config
  assert.equal(byFlags.admin.address, '127.0.0.1:2')
  assert.deepEqual(byFlags.listen, ['/ip4/127.0.0.1/tcp/0'])
})

test('unknown keys are refused with the line and what was probably meant', () => {
  refusedOnce('listne: []', 'unknown-key', 'listne', /config\.yaml line 1: listne: .*did you mean listen\?/)
  refusedOnce('admin:\n  adress: x', 'unknown-key', 'admin.adress', /line 2: admin\.adress: .*did you mean admin\.address\?/)
  refusedOnce('level: debug', 'unknown-key', 'level', /did you mean log\.level\?/)
  refusedOnce('frobnicate: 1', 'unknown-key', 'frobnicate', /x0 config schema/)
  refusedOnce('__proto__: 1', 'unknown-key', '__proto__', /no such setting/)
  refusedOnce('admin: { constructor: 1 }', 'unknown-key', 'admin.constructor', /no such setting/)
  refusedOnce(
    `security: { interop: [{ protocol: /noise, peers: any, protcols: [] }] }`,
    'unknown-key',
    'security.interop[0].protcols',
    /did you mean protocols\?/,
  )
})

test('unknown X0_ variables are refused; those of the program and of Kubernetes are not', () => {
  refusedOnce('', 'unknown-variable', '', /^X0_LISTNE: .*did you mean X0_LISTEN\?/, { X0_LISTNE: 'x' })
  refusedOnce('', 'unknown-variable', '', /did you mean X0_HOME\?/, { X0_HOEM: 'x' })
  refusedOnce('', 'unknown-variable', '', /docs\/config\.md/, { X0_SOMETHING_ELSE_ALTOGETHER: 'x' })
  const harmless = {
    X0_HOME: '/x',
    X0_API: 'x',
    X0_PASSPHRASE: 'x',
    X0_VECTORS: 'x',
    X0_TETHER: '1',
    X0_SERVICE_HOST: '10.0.0.1',
    X0_PORT_9690_TCP: 'tcp://10.0.0.1:9690',
    PATH: '/bin',
  }
  assert.deepEqual(resolved('', harmless).config, resolved().config)
})

test('a wrong kind of value is told with what was found and what is expected', () => {
  refusedOnce('peers: { min: two }', 'wrong-type', 'peers.min', /found the text two, expected a whole number from 0 to 1024/)
  refusedOnce('peers: { min: 1.5 }', 'wrong-type', 'peers.min', /found the number 1\.5, expected a whole number/)
  refusedOnce('admin: { socket: yes }', 'wrong-type', 'admin.socket', /found the text yes, expected true or false/)
  refusedOnce('listen: /ip4/127.0.0.1/tcp/0', 'wrong-type', 'listen', /expected a list of at most 16 items/)
  refusedOnce('listen:', 'wrong-type', 'listen', /found no value/)
  refusedOnce('listen: [1]', 'wrong-type', 'listen[0]', /found the number 1, expected a text/)
  refusedOnce('admin: 5', 'wrong-type', 'admin', /expected a section with address, socket/)
  refusedOnce('admin: []', 'wrong-type', 'admin', /expected a section/)
  refusedOnce('- a\n- b', 'wrong-type', '', /expected a section of keys/)
  refusedOnce('log: { level: {} }', 'wrong-type', 'log.level', /found a section, expected one of fatal/)
  refusedOnce('log: { level: inof }', 'out-of-bounds', 'log.level', /did you mean info\?/)
  refusedOnce(
    'security: { handshake: { timeoutMs: 1 } }',
    'out-of-bounds',
    'security.handshake.timeoutMs',
    /found the number 1, expected a whole number from 500 to 8000/,
  )
  refusedOnce('', 'wrong-type', 'peers.min', /^X0_PEERS_MIN: .*found the text 1e3/, { X0_PEERS_MIN: '1e3' })
  refusedOnce('', 'wrong-type', 'security.interop', /X0_SECURITY_INTEROP/, { X0_SECURITY_INTEROP: '{' })
  refusedOnce('security: { interop: [{ protocol: /tls, peers: any }] }', 'out-of-bounds', 'security.interop[0].protocol', /noise/)
  refusedOnce('security: { interop: [{ protocol: /noise }] }', 'missing', 'security.interop[0].peers', /missing/)
  refusedOnce(
    'security: { interop: [{ protocol: /noise, peers: all }] }',
    'wrong-type',
    'security.interop[0].peers',
    /any or a list/,
  )
  refusedOnce('security: { interop: [{ protocol: /noise, peers: [5] }] }', 'wrong-type', 'security.interop[0].peers[0]', /a text/)
})

test('all problems are told at once, a hidden one too, with a bound on their number', () => {
  const { codes, message } = refused('peers: { min: two }\nfoo: 1\n', { X0_PEERS_MIN: '1', X0_LOG_LEVEL: 'loud' })
  assert.deepEqual([...codes].sort(), ['out-of-bounds', 'unknown-key', 'wrong-type'])
  assert.equal(message.split('\n').length, 3)
  const many = Array.from({ length: 500 }, (_, index) => `unknown-${index}: 1`).join('\n')
  assert.equal(refused(many).codes.length, 20)
})

test('what is not YAML, repeated keys and alias bombs are syntax errors with a line', () => {
  assert.match(refused('listen: [\n').message, /config\.yaml line \d/)
  assert.deepEqual(new Set(refused('log: {}\nlog: {}\n').codes), new Set(['syntax']))
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefg'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]}, `.repeat(9)}]`),
    'listen: *g',
  ]
  assert.ok(refused(bomb.join('\n')).codes.includes('syntax'))
  assert.ok(refused('listen: *missing').codes.includes('syntax'))
})

test('addresses that are none, and bootstrap lines that cannot be used, are refused', () => {
  refusedOnce('listen: [localhost:9691]', 'bad-address', 'listen[0]', /expected a multiaddr/)
  refusedOnce('listen: [/ip4/127.0.0.1/udp/1]', 'bad-address', 'listen[0]', /TCP/)
  refusedOnce('listen: [/dns4/a.example/tcp/1]', 'bad-address', 'listen[0]', /TCP/)
  refusedOnce('listen: [/ip4/127.0.0.1/tcp/1, /ip4/300.0.0.1/tcp/1]', 'bad-address', 'listen[1]', /300/)
  refusedOnce('announce: [nowhere]', 'bad-address', 'announce[0]', /multiaddr/)
  const good = ['/ip4/192.0.2.1/tcp/1', `/ip4/192.0.2.1/tcp/1/p2p/${PEER}`, `/dns4/a.example/tcp/1/p2p/${PEER}#${X0_ID}`]
  assert.deepEqual(resolved(`bootstrap: ${JSON.stringify(good)}`).config.bootstrap, good)
  for (const bad of [
    `/ip4/192.0.2.1/tcp/1#${X0_ID}`,
    `/p2p/${PEER}`,
    `/ip4/192.0.2.1/tcp/1/p2p/${PEER}#x0`,
    `/ip4/192.0.2.1/tcp/1/p2p/${PEER}#`,
    '192.0.2.1:1',
  ]) {
    assert.deepEqual(refused(`bootstrap: ["${bad}"]`).codes, ['bad-address'], bad)
  }
})

test('the admin port is on loopback, or has TLS', () => {
  for (const address of ['127.0.0.1:0', '127.9.9.9:80', 'localhost:1', '[::1]:65535', '[::ffff:127.0.0.1]:1']) {
    assert.equal(resolved('', { X0_ADMIN_ADDRESS: address }).config.admin.address, address)
  }
  for (const address of ['9690', '127.0.0.1', '127.0.0.1:70000', '::1:9690', '[127.0.0.1]:1', 'http://127.0.0.1:1', ':9690']) {
    refusedOnce('', 'bad-address', 'admin.address', /HOST:PORT/, { X0_ADMIN_ADDRESS: address })
  }
  for (const address of ['0.0.0.0:9690', '[::]:9690', '192.0.2.1:9690', 'node.example.org:9690', '[::ffff:192.0.2.1]:1']) {
    refusedOnce('', 'insecure', 'admin.address', /admin\.tls\.certificate/, { X0_ADMIN_ADDRESS: address })
    const tls = 'admin: { tls: { certificate: tls/cert.pem, key: /keys/key.pem } }'
    const { admin } = resolved(tls, { X0_ADMIN_ADDRESS: address }).config
    assert.deepEqual(admin.tls, { certificate: '/etc/x0/tls/cert.pem', key: '/keys/key.pem' })
    refusedOnce(`${tls.slice(0, -1)}, openMetrics: true }`, 'insecure', 'admin.openMetrics', /token/, {
      X0_ADMIN_ADDRESS: address,
    })
  }
  refusedOnce('admin: { tls: { certificate: cert.pem } }', 'missing', 'admin.tls.key', /missing/)
  assert.equal(
    resolved('', { X0_ADMIN_TLS_CERTIFICATE: 'c.pem', X0_ADMIN_TLS_KEY: 'k.pem' }).config.admin.tls?.key,
    '/srv/node/k.pem',
  )
  for (const origin of ['https://a.example/', 'a.example', '*', 'null', 'ftp://a.example']) {
    refusedOnce(`admin: { allowedOrigins: ["${origin}"] }`, 'bad-address', 'admin.allowedOrigins[0]', /exact origin/)
  }
  assert.deepEqual(resolved('admin: { allowedOrigins: ["https://a.example:8443"] }').config.admin.allowedOrigins, [
    'https://a.example:8443',
  ])
})

test('values that do not go together are refused where the operator wrote one of them', () => {
  refusedOnce('peers: { min: 9 }', 'conflict', 'peers.min', /line 1: peers\.min: peers\.min is 9 and peers\.target 8/)
  refusedOnce('peers: { max: 4 }', 'conflict', 'peers.max', /peers\.target is 8 and peers\.max 4/)
  const rule = `{ protocol: /noise, peers: ["${PEER}"] }`
  assert.deepEqual(resolved(`security: { interop: [${rule}] }`).config.security.interop, [
    { protocol: '/noise', peers: [PEER], protocols: [] },
  ])
  refusedOnce(`security: { interop: [${rule}, ${rule}] }`, 'conflict', 'security.interop[1].protocol', /twice/)
  refusedOnce(
    'security: { interop: [{ protocol: /noise, peers: [bob] }] }',
    'bad-address',
    'security.interop[0].peers[0]',
    /peer id/,
  )
})

test('a resolved configuration never shares its defaults with another', () => {
  const first = resolved().config
  first.listen.push('changed')
  first.security.interop.push({ protocol: '/noise', peers: 'any', protocols: [] })
  assert.deepEqual(resolved().config.listen, LISTEN_DEFAULT)
  assert.deepEqual(resolved().config.security.interop, [])
})

test('the file in the home is read where there is one; a file that is named must exist', async (t) => {
  const home = await temporaryFolder(t)
  assert.equal(homePaths(home).config, join(home, CONFIG_FILE_NAME))
  assert.equal((await loadConfig({ home, flags: [], env: {} })).file, undefined)
  await writeFile(join(home, CONFIG_FILE_NAME), 'log: { level: warn }')
  const loaded = await loadConfig({ home, flags: [], env: {} })
  assert.equal(loaded.config.log.level, 'warn')
  assert.equal(loaded.file, join(home, CONFIG_FILE_NAME))
  const unreadable = (error: unknown) => error instanceof ConfigError && error.code === 'unreadable'
  await assert.rejects(loadConfig({ home, flags: [], env: {}, configFile: join(home, 'missing.yaml') }), unreadable)
  await mkdir(join(home, 'folder'))
  await assert.rejects(loadConfig({ home, flags: [], env: {}, configFile: join(home, 'folder') }), unreadable)
  await writeFile(join(home, 'large.yaml'), '#'.repeat(1024 * 1024 + 1))
  await assert.rejects(loadConfig({ home, flags: [], env: {}, configFile: join(home, 'large.yaml') }), unreadable)
})

test('each example in config/ loads', async () => {
  const folder = new URL('../../config/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
  assert.ok(['single.yaml', 'lab.yaml', 'server.yaml'].every((name) => names.includes(name)))
  for (const name of names) {
    const text = await readFile(new URL(name, folder), 'utf8')
    const loaded = resolveConfig({ flags: [], env: {}, file: { path: name, text }, folder: '/' })
    assert.ok(
      [...loaded.origins.values()].some(({ kind }) => kind === 'file'),
      name,
    )
    assert.match(text, /^#/)
  }
})
