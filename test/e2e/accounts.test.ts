import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../host/testing.ts'
import { start, temporaryFolder } from './daemon.ts'

test('accounts by command and by HTTP: made, used, kept over a kill -9, and open or closed by SIGHUP', async (t) => {
  const folder = await temporaryFolder(t)
  const [home, secret] = [join(folder, 'home'), join(folder, 'password')]
  await writeFile(secret, 'correct horse\n', { mode: 0o600 })
  const node = await start(t, { home })
  const added = await node.json<{ schema: 'x0.user/v1'; id: string; scopes: string[] }>(
    'x0.user/v1',
    ...['user', 'add', 'ada@example.org', '--password-file', secret],
  )
  assert.deepEqual(added.scopes, ['admin'])
  const { code, stdout } = await node.run('token', 'create', '--scope', 'read', '--ttl', '1h')
  assert.equal(code, 0)
  const url = (path: string, at = node) => new URL(path, at.api.admin ?? '')
  const post = (path: string, body: object, at = node) =>
    fetch(url(path, at), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  const login = await post('/api/v1/users/login', { email: 'ADA@example.org', password: 'correct horse' })
  const { token } = (await login.json()) as { token: string }
  assert.equal((await fetch(url('/mesh/status'), bearer(stdout.trim()))).status, 200)
  assert.equal(await node.metric('x0_accounts'), 1)
  assert.equal(await node.metric('x0_logins_total', { result: 'succeeded' }), 1)

  await node.end('SIGKILL')
  await writeFile(join(home, 'config.yaml'), 'accounts:\n  openRegistration: true\n')
  const again = await start(t, { home })
  const me = await fetch(url('/api/v1/users/me', again), bearer(token))
  assert.equal(((await me.json()) as { id: string }).id, added.id)
  assert.equal((await fetch(url('/mesh/status', again), bearer(stdout.trim()))).status, 200)
  const stranger = { email: 'stranger@example.org', password: 'a long password' }
  assert.equal((await post('/api/v1/users/register', stranger, again)).status, 201)
  await writeFile(join(home, 'config.yaml'), 'accounts:\n  openRegistration: false\n')
  again.child.kill('SIGHUP')
  await until('it has read them', () => /are applied settings=\S*accounts\.openRegistration/.test(again.stderr()))
  assert.equal((await post('/api/v1/users/register', { ...stranger, email: 'late@example.org' }, again)).status, 401)
  assert.equal((await again.run('user', 'rm', 'stranger@example.org')).code, 0)
  const log = again.stderr()
  for (const hidden of ['correct horse', token, stdout.trim(), 'example.org']) assert.equal(log.includes(hidden), false, hidden)
})
