import assert from 'node:assert/strict'
import { copyFile, readFile, rename } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAccounts } from '../trust/accounts/open-accounts.ts'
import { certificate, hasOpenssl } from './certificate.ts'
import { ADMIN_TOKEN, type Ask, ask, openPort, problemOf, temporaryFolder } from './open-port.ts'

/** An address of this machine that is not loopback. */
function outerAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

test('outside of loopback: an account registers and logs in over TLS, and goes on when the certificate changes', async (t) => {
  const host = outerAddress()
  if (host === undefined) return t.skip('this machine has no IPv4 address but loopback')
  if (!(await hasOpenssl())) return t.skip('there is no openssl to make a certificate with')
  const folder = await temporaryFolder(t)
  const [one, two] = [await certificate(folder, 'one', [host]), await certificate(folder, 'two', [host])]
  const tls = { certificate: join(folder, 'live.crt'), key: join(folder, 'live.key') }
  const install = async (from: typeof tls) => {
    for (const part of ['key', 'certificate'] as const) {
      await copyFile(from[part], `${tls[part]}.new`)
      await rename(`${tls[part]}.new`, tls[part])
    }
  }
  await install(one)
  const { accounts } = await openAccounts(t)
  const { server, url } = await openPort(t, { accounts, tls, address: { host, port: 0 } })
  assert.deepEqual([url.protocol, url.hostname], ['https:', host])
  let ca = await readFile(one.certificate, 'utf8')
  const call = (method: string, path: string, body?: object, token?: string, more: Ask = {}) => {
    const given = { ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(token === undefined ? {} : { token }) }
    return ask(url, path, { method, ca, ...given, ...more })
  }
  const ada = { email: 'ada@example.org', password: 'correct horse' }
  assert.equal((await call('POST', '/api/v1/users/register', ada)).status, 401)
  assert.equal((await call('POST', '/api/v1/users/register', ada, ADMIN_TOKEN)).status, 201)
  const login = await call('POST', '/api/v1/users/login', ada)
  assert.deepEqual([login.status, login.headers['cache-control']], [200, 'no-store'])
  const { token } = JSON.parse(login.text)
  const me = () => call('GET', '/api/v1/users/me', undefined, token)
  assert.equal((await me()).status, 200)
  const page = { headers: { origin: `https://${host}` } }
  assert.equal(problemOf(await call('POST', '/api/v1/users/login', ada, undefined, page)).code, 'origin-refused')

  await install(two)
  await server.reloadTls()
  await assert.rejects(me(), 'the old certificate is not shown any more')
  ca = await readFile(two.certificate, 'utf8')
  assert.equal((await me()).status, 200)
  assert.equal((await call('POST', '/api/v1/users/login', { ...ada, password: 'wrong horse' })).status, 401)
  assert.equal((await call('POST', '/api/v1/users/logout', undefined, token)).status, 200)
  assert.equal((await me()).status, 401)
})
