import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../src/cli/failure.ts'
import { fakeNode, temporaryHome, x0 } from './fake-node.ts'

const ADA = {
  id: `usr_${'a'.repeat(24)}`,
  email: 'Ada@example.org',
  full_name: 'Ada \u001b[31mred',
  company: null,
  scopes: ['admin'],
  created_at: '2026-01-01T00:00:00.000Z',
}
const TOKEN = {
  id: `tok_${'b'.repeat(24)}`,
  kind: 'api',
  name: 'a script\u202e',
  owner: null,
  scopes: ['read'],
  created_at: '2026-01-01T00:00:00.000Z',
  expires_at: '2999-01-01T00:00:00.000Z',
  last_used_at: null,
}
const USERS = { schema: 'x0.users/v1', users: [ADA] }
const SECRET = 'correct horse'

describe('x0 user', () => {
  it('add sends the first line of the password file, shows the account and never the password', async (t) => {
    const node = await fakeNode(t, () => ({ status: 201, body: ADA }))
    const file = join(await temporaryHome(t), 'password')
    await writeFile(file, `${SECRET}\nsecond line\n`)
    const flags = ['--name', 'Ada', '--scope', 'read', '--scope', 'metrics', '--password-file', file]
    const { code, out, err } = await x0(['--home', node.home, 'user', 'add', 'ada@example.org', ...flags])
    assert.deepEqual([code, err], [EXIT.ok, ''])
    assert.match(out, new RegExp(`id +${ADA.id}\nemail +Ada@example.org\nscopes +admin\n`))
    const [sent] = node.seen
    assert.deepEqual([sent?.method, sent?.url], ['POST', '/api/v1/users/register'])
    const body = { email: 'ada@example.org', password: SECRET, full_name: 'Ada', scopes: ['read', 'metrics'] }
    assert.deepEqual(JSON.parse(sent?.body ?? ''), body)
    const asJson = await x0(['--home', node.home, '--json', 'user', 'add', 'a@b.org', '--password-file', file])
    assert.deepEqual(JSON.parse(asJson.out), { schema: 'x0.user/v1', ...ADA })
    assert.equal(`${out}${asJson.out}`.includes(SECRET), false)
  })

  it('wants a password file where nobody can be asked, and a line in it', async (t) => {
    const node = await fakeNode(t, () => ({ status: 201, body: ADA }))
    const file = join(node.home, 'empty')
    await writeFile(file, '\n')
    const empty = await x0(['--home', node.home, 'user', 'add', 'a@b.org', '--password-file', file])
    assert.deepEqual([empty.code, empty.err.includes('password file')], [EXIT.badConfig, true])
    if (!process.stdin.isTTY) {
      const { code, err } = await x0(['--home', node.home, 'user', 'add', 'a@b.org'])
      assert.equal(code, EXIT.usage)
      assert.match(err, /--password-file/)
    }
    assert.equal(node.seen.length, 0)
  })

  it('tells what the node says of the fields', async (t) => {
    const detail = 'password: it must have 8 to 128 characters'
    const body = { title: 'T', status: 422, code: 'fields-invalid', detail, errors: [{ field: 'password', message: '' }] }
    const node = await fakeNode(t, () => ({ status: 422, type: 'application/problem+json', body }))
    const file = join(node.home, 'short')
    await writeFile(file, 'short')
    const { code, err } = await x0(['--home', node.home, 'user', 'add', 'a@b.org', '--password-file', file])
    assert.equal(code, EXIT.usage)
    assert.match(err, /8 to 128 characters/)
  })

  it('list shows a table in which nothing commands the terminal', async (t) => {
    const node = await fakeNode(t, () => ({ body: USERS }))
    const { code, out } = await x0(['--home', node.home, 'user', 'list'])
    assert.equal(code, EXIT.ok)
    assert.match(out, /^ID +EMAIL +NAME +COMPANY +SCOPES +AGE\n/)
    assert.ok(out.includes('Ada ?[31mred') && !out.includes('\u001b'))
    const none = await fakeNode(t, () => ({ body: { ...USERS, users: [] } }))
    const nothing = await x0(['--home', none.home, 'user', 'list'])
    assert.deepEqual([nothing.code, nothing.out, /x0 user add/.test(nothing.err)], [EXIT.ok, '', true])
  })

  it('rm, scopes and password find the account by id or by address in any case', async (t) => {
    const node = await fakeNode(t, ({ method }) => {
      if (method === 'GET') return { body: USERS }
      return { body: method === 'DELETE' ? { schema: 'x0.user-removed/v1', id: ADA.id, tokens_revoked: 3 } : ADA }
    })
    const file = join(node.home, 'password')
    await writeFile(file, SECRET)
    const run = (...args: string[]) => x0(['--home', node.home, 'user', ...args])
    const removed = await run('rm', 'ADA@EXAMPLE.ORG')
    assert.deepEqual([removed.code, removed.out], [EXIT.ok, `${ADA.id} is removed, and 3 tokens with it\n`])
    assert.equal((await run('scopes', ADA.id, 'read', 'metrics')).code, EXIT.ok)
    assert.equal((await run('password', ADA.email, '--password-file', file)).code, EXIT.ok)
    const writes = node.seen.filter(({ method }) => method !== 'GET').map(({ method, url, body }) => [method, url, body])
    assert.deepEqual(writes, [
      ['DELETE', `/api/v1/users/${ADA.id}`, ''],
      ['PUT', `/api/v1/users/${ADA.id}/scopes`, '{"scopes":["read","metrics"]}'],
      ['PUT', `/api/v1/users/${ADA.id}/password`, JSON.stringify({ new_password: SECRET })],
    ])
    const unknown = await run('rm', 'bob@example.org')
    assert.equal(unknown.code, EXIT.failure)
    assert.match(unknown.err, /no account bob@example\.org/)
  })
})

describe('x0 token', () => {
  it('create prints the token alone on stdout, and what it is on stderr', async (t) => {
    const created = { schema: 'x0.token/v1', ...TOKEN, token: 'x0t_secret', token_type: 'bearer' }
    const node = await fakeNode(t, () => ({ status: 201, body: created }))
    const flags = ['--name', 'ci', '--scope', 'metrics', '--ttl', '90d']
    const { code, out, err } = await x0(['--home', node.home, 'token', 'create', ...flags])
    assert.deepEqual([code, out], [EXIT.ok, 'x0t_secret\n'])
    assert.ok(err.includes(TOKEN.id) && !err.includes('x0t_secret'))
    assert.deepEqual(JSON.parse(node.seen[0]?.body ?? ''), { name: 'ci', scopes: ['metrics'], expires_in: 90 * 86_400 })
    for (const ttl of ['90', '1y', 'x', '-1d', '1.5h']) {
      assert.equal((await x0(['--home', node.home, 'token', 'create', '--ttl', ttl])).code, EXIT.usage, ttl)
    }
    const plain = await x0(['--home', node.home, '-q', 'token', 'create'])
    assert.deepEqual([plain.out, plain.err], ['x0t_secret\n', ''])
    assert.deepEqual(JSON.parse(node.seen[1]?.body ?? ''), { name: 'command line' })
  })

  it('list shows everybody and no secret; revoke ends one', async (t) => {
    const node = await fakeNode(t, ({ method }) => {
      if (method === 'GET') return { body: { schema: 'x0.tokens/v1', tokens: [TOKEN] } }
      return { body: { schema: 'x0.token-revoked/v1', id: TOKEN.id } }
    })
    const { out } = await x0(['--home', node.home, 'token', 'list'])
    assert.match(out, /^ID +KIND +OWNER +SCOPES +AGE +USED +LEFT +NAME\n/)
    assert.match(out, /api +operator +read .* - .*d\d\dh +a script\?\n$/)
    const { code, out: done } = await x0(['--home', node.home, 'token', 'revoke', TOKEN.id])
    assert.deepEqual([code, done], [EXIT.ok, `${TOKEN.id} is revoked\n`])
    assert.deepEqual(
      node.seen.map(({ method, url }) => `${method} ${url}`),
      ['GET /api/v1/tokens?all=true', `DELETE /api/v1/tokens/${TOKEN.id}`],
    )
  })
})
