import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { AdminError, type AdminErrorCode } from '../../src/admin/admin-error.ts'
import { loadOrCreateAdminToken } from '../../src/admin/admin-token.ts'
import { parseBindAddress } from '../../src/admin/bind.ts'
import { certificate } from './certificate.ts'
import { ADMIN_TOKEN, ask, openPort, problemOf, READ_TOKEN, temporaryFolder } from './open-port.ts'

const run = promisify(execFile)
const failsWith = (code: AdminErrorCode, message: RegExp) => (error: unknown) =>
  error instanceof AdminError && error.code === code && message.test(error.message)

test('addresses are HOST:PORT or [V6]:PORT and nothing else', () => {
  assert.deepEqual(parseBindAddress('127.0.0.1:9690'), { host: '127.0.0.1', port: 9690 })
  assert.deepEqual(parseBindAddress('[::1]:0'), { host: '::1', port: 0 })
  assert.deepEqual(parseBindAddress('localhost:65535'), { host: 'localhost', port: 65_535 })
  for (const wrong of [
    '',
    ':9690',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:9690',
    'http://127.0.0.1:1',
    '127.0.0.1:1/x',
    'a b:1',
  ]) {
    assert.throws(() => parseBindAddress(wrong), failsWith('address-invalid', /HOST:PORT/), wrong)
  }
})

/** A port of 127.0.0.1 that somebody else holds. */
async function takenPort(t: TestContext): Promise<number> {
  const other: Server = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

test('a port that was chosen and is taken is an error that says so; a default one gives way to a free one', async (t) => {
  const port = await takenPort(t)
  const address = { host: '127.0.0.1', port }
  await assert.rejects(
    openPort(t, { address, portIsDefault: false }),
    failsWith('address-in-use', new RegExp(`127.0.0.1:${port} is taken`)),
  )
  const { url } = await openPort(t, { address, portIsDefault: true })
  assert.notEqual(url.port, String(port))
  assert.equal((await ask(url, '/health')).status, 200)
})

test('an address that is not of this machine is an error, not a free one', async (t) => {
  const address = { host: '127.0.0.1.invalid', port: 0 }
  await assert.rejects(openPort(t, { address, portIsDefault: true }), failsWith('tls-required', /TLS/))
  const folder = await temporaryFolder(t)
  const tls = await certificate(folder, 'one')
  await assert.rejects(openPort(t, { address, tls, portIsDefault: true }), failsWith('address-unavailable', /cannot be opened/))
})

test('outside of loopback the port is refused without TLS', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
    await assert.rejects(openPort(t, { address: { host, port: 0 } }), failsWith('tls-required', /admin\.tls\.certificate/), host)
  }
})

test('the port listens on IPv6 loopback as well', async (t) => {
  const { url } = await openPort(t, { address: { host: '::1', port: 0 } })
  assert.equal(url.hostname, '[::1]')
  assert.equal((await ask(url, '/health')).status, 200)
  assert.equal((await ask(url, '/mesh/self', { token: READ_TOKEN })).status, 200)
})

test('the unix socket is for this user alone, needs no token and no Host, and is removed at the end', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'x0.sock')
  const { server, url } = await openPort(t, { socketPath, settings: { openMetrics: false } })
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600)
  const over = (path: string, options = {}) => ask(url, path, { socketPath, ...options })
  assert.equal((await over('/mesh/self')).status, 200)
  assert.equal((await over('/metrics')).status, 200)
  assert.equal((await over('/health', { headers: { host: 'anything.example' } })).status, 200)
  assert.equal((await over('/log/level', { method: 'PUT', body: '{"level":"debug"}' })).status, 200)
  const crossSite = await over('/log/level', {
    method: 'PUT',
    body: '{"level":"info"}',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  assert.equal(problemOf(crossSite).code, 'origin-refused')
  assert.equal((await ask(url, '/mesh/self')).status, 401)
  await server.close()
  await assert.rejects(stat(socketPath), /ENOENT/)
})

test('a socket left behind by a killed process is replaced, a live one is not, a path too long says so', async (t) => {
  const folder = await temporaryFolder(t)
  const socketPath = join(folder, 'x0.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  await assert.rejects(run(process.execPath, ['-e', script]))
  assert.ok((await stat(socketPath)).isSocket())
  const { url } = await openPort(t, { socketPath })
  assert.equal((await ask(url, '/mesh/self', { socketPath })).status, 200)
  await assert.rejects(openPort(t, { socketPath }), failsWith('socket-in-use', /another process/))
  assert.equal((await ask(url, '/mesh/self', { socketPath })).status, 200)
  await assert.rejects(openPort(t, { socketPath: join(folder, 'x'.repeat(120)) }), failsWith('socket-path-too-long', /shorter/))
})

/** The subject of the certificate that a new connection to the port is shown, and its TLS version. */
async function shown(url: URL, options: { maxVersion?: 'TLSv1.2' } = {}): Promise<[string | undefined, string | null]> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: Number(url.port), rejectUnauthorized: false, ...options })
  try {
    await once(socket, 'secureConnect')
    return [String(socket.getPeerCertificate().subject?.CN), socket.getProtocol()]
  } finally {
    socket.destroy()
  }
}

test('TLS: only 1.3, HSTS, own origin https; a changed certificate is taken up, a broken one is not', async (t) => {
  const folder = await temporaryFolder(t)
  const [one, two] = [await certificate(folder, 'one'), await certificate(folder, 'two')]
  const tls = { certificate: join(folder, 'live.crt'), key: join(folder, 'live.key') }
  const install = async (from: { certificate: string; key: string }) => {
    await writeFile(`${tls.key}.new`, await readFile(from.key))
    await rename(`${tls.key}.new`, tls.key)
    await writeFile(`${tls.certificate}.new`, await readFile(from.certificate))
    await rename(`${tls.certificate}.new`, tls.certificate)
  }
  await install(one)
  const { url, server, lines } = await openPort(t, { tls, times: { tlsPollMs: 20 } })
  assert.equal(url.protocol, 'https:')
  const ca = await readFile(one.certificate, 'utf8')
  const answer = await ask(url, '/log/level', {
    ca,
    token: ADMIN_TOKEN,
    method: 'PUT',
    body: '{"level":"warn"}',
    headers: { origin: url.origin },
  })
  assert.equal(answer.status, 200)
  assert.match(String(answer.headers['strict-transport-security']), /max-age=\d+/)
  assert.deepEqual(await shown(url), ['one', 'TLSv1.3'])
  await assert.rejects(shown(url, { maxVersion: 'TLSv1.2' }))
  await writeFile(tls.key, 'not a key')
  await assert.rejects(server.reloadTls(), failsWith('tls-unusable', /cannot be used/))
  assert.deepEqual(await shown(url), ['one', 'TLSv1.3'])
  await install(two)
  // The watcher looks every 20 ms; each new connection shows what is in force.
  while ((await shown(url))[0] === 'one') await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(await shown(url), ['two', 'TLSv1.3'])
  assert.equal(
    lines.some((line) => line.includes('PRIVATE KEY')),
    false,
  )
})

test('a certificate that cannot be used keeps the port from opening', async (t) => {
  const folder = await temporaryFolder(t)
  const [one, two] = [await certificate(folder, 'one'), await certificate(folder, 'two')]
  const wrongKey = { certificate: one.certificate, key: two.key }
  await assert.rejects(openPort(t, { tls: wrongKey }), failsWith('tls-unusable', /one\.crt/))
  await assert.rejects(openPort(t, { tls: { ...one, key: join(folder, 'absent') } }), failsWith('tls-unusable', /absent/))
})

test('bound to every interface with TLS: reads and docs need a token there, and the address that was called is a good Host', async (t) => {
  const tls = await certificate(await temporaryFolder(t), 'one')
  const ca = await readFile(tls.certificate, 'utf8')
  const { url } = await openPort(t, { tls, address: { host: '0.0.0.0', port: 0 } })
  const local = new URL(`https://127.0.0.1:${url.port}`)
  assert.equal((await ask(local, '/health', { ca })).status, 200)
  for (const path of ['/docs', '/openapi.json', '/metrics']) {
    assert.equal((await ask(local, path, { ca })).status, 401, path)
    assert.equal((await ask(local, path, { ca, token: ADMIN_TOKEN })).status, 200, path)
  }
})

test('what a first start that was killed left of the token is no obstacle', async (t) => {
  const path = join(await temporaryFolder(t), 'token')
  for (const left of ['', '\n', 'x0', 'x0a_', 'x0a_0123', `x0a_${'0'.repeat(42)}`, '\0'.repeat(48), 'x0a_01\0\0']) {
    await writeFile(path, left, { mode: 0o644 })
    const token = await loadOrCreateAdminToken(path)
    assert.match(token, /^x0a_[A-Za-z0-9_-]{43}$/, JSON.stringify(left))
    assert.equal(await readFile(path, 'utf8'), `${token}\n`)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
  for (const foreign of ['short\n', 'x0b_01', `x0a_${'0'.repeat(44)}`, 'x0a_01\nmore']) {
    await writeFile(path, foreign)
    await assert.rejects(loadOrCreateAdminToken(path), failsWith('token-unusable', /remove the file/))
    assert.equal(await readFile(path, 'utf8'), foreign)
  }
})

test('the admin token is made once, is private and random, and a spoilt file is not replaced', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'token')
  const token = await loadOrCreateAdminToken(path)
  assert.match(token, /^x0a_[A-Za-z0-9_-]{43}$/)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal(await loadOrCreateAdminToken(path), token)
  assert.notEqual(await loadOrCreateAdminToken(join(folder, 'other')), token)
  assert.deepEqual((await readdir(folder)).sort(), ['other', 'token'])
  await writeFile(path, 'short\n')
  await assert.rejects(loadOrCreateAdminToken(path), failsWith('token-unusable', /remove the file/))
  assert.equal(await readFile(path, 'utf8'), 'short\n')
  await assert.rejects(loadOrCreateAdminToken(join(folder, 'absent', 'token')), failsWith('token-unusable', /cannot be written/))
})
