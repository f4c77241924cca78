import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Check } from 'typebox/value'
import { oneToken } from '../../src/admin/authentication.ts'
import { PROBLEMS } from '../../src/admin/problem.ts'
import { type Access, accessOf, methodsOf, ROUTE_LABELS, ROUTES, routeLabel } from '../../src/admin/route-table.ts'
import { TOKEN_ID, USER_ID } from './fake-accounts.ts'
import { ADMIN_TOKEN, type Answer, ask, openPort, type Port } from './open-port.ts'

interface Operation {
  readonly summary: string
  readonly description: string
  readonly security: readonly object[]
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
}
type OpenApi = { readonly openapi: string; readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }

async function document(port: Port): Promise<OpenApi> {
  const answer = await ask(port.url, '/openapi.json')
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  return JSON.parse(answer.text)
}

/** The schema that the document gives for an answer. */
function schemaFor(api: OpenApi, path: string, method: string, answer: Answer): object {
  const responses = api.paths[path]?.[method.toLowerCase()]?.responses
  const type = String(answer.headers['content-type']).split(';')[0] ?? ''
  const schema = (responses?.[answer.status] ?? responses?.default)?.content[type]?.schema
  assert.ok(schema, `${method} ${path}: no schema for ${answer.status} ${type}`)
  return schema
}

const BODIES: Readonly<Record<string, string>> = {
  'POST /mesh/ping': '{"peer":"p","count":2}',
  'POST /mesh/peers': '{"line":"/ip4/192.0.2.1/tcp/1","save":true}',
  'POST /mesh/blocks': '{"peer":"p","forSeconds":3,"reason":"it is loud"}',
  'POST /security/handshake': '{"peer":"p"}',
  'POST /policy/explain': '{"source":"spiffe://fleet/node/a","action":"relay","destination":"spiffe://fleet/node/b"}',
  'PUT /log/level': '{"level":"debug"}',
  'POST /network/create': '{"name":"fleet"}',
  'POST /network/join': '{"line":"x0invite"}',
  'POST /network/leave': '{}',
  'POST /network/invites': '{"groups":["ops"]}',
  'POST /network/pending/:node/accept': '{}',
  'POST /network/revocations': '{"node":"laptop","reason":"stolen"}',
  'POST /api/v1/users/register': '{"email":"ada@example.org","password":"12345678"}',
  'POST /api/v1/users/login': '{"email":"ada@example.org","password":"12345678"}',
  'PUT /api/v1/users/me/password': '{"old_password":"12345678","new_password":"23456789"}',
  'PUT /api/v1/users/:id/scopes': '{"scopes":["read"]}',
  'PUT /api/v1/users/:id/password': '{"new_password":"23456789"}',
  'POST /api/v1/tokens': '{"name":"a script"}',
}

/** A path of the table as the document writes it, and one that may be asked for. */
const documented = (path: string) => path.replace(/:(\w+)/g, '{$1}')
const asked = (path: string) => path.replace(':id', USER_ID).replace(':node', 'laptop')

test('the OpenAPI document lists every route of the table and no other', async (t) => {
  const { openapi, paths } = await document(await openPort(t))
  assert.match(openapi, /^3\.1\./)
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const wanted = ROUTES.map(({ method, path }) => `${method} ${documented(path)}`)
  assert.deepEqual(listed.sort(), wanted.sort())
})

test('every answer fits the schema that the document gives for it, refusals too', async (t) => {
  const principal = { name: USER_ID, scopes: ['admin'], account: USER_ID, tokenId: TOKEN_ID } as const
  const port = await openPort(t, { verifiers: [oneToken(ADMIN_TOKEN, principal)] })
  const api = await document(port)
  for (const { method, path: template, access, endless } of ROUTES) {
    const path = asked(template)
    if (endless === true) continue
    const body = BODIES[`${method} ${template}`]
    const options = { method, ...(body === undefined ? {} : { body }) }
    const answers = [await ask(port.url, path, { ...options, token: ADMIN_TOKEN })]
    if (body !== undefined) answers.push(await ask(port.url, path, { ...options, token: ADMIN_TOKEN, body: '{"no":1}' }))
    if (access !== 'anyone' && !access.includes('-')) answers.push(await ask(port.url, path, options))
    port.node.ready = false
    answers.push(await ask(port.url, path, { ...options, token: ADMIN_TOKEN }))
    port.node.ready = true
    for (const answer of answers) {
      const value = /json/.test(String(answer.headers['content-type'])) ? JSON.parse(answer.text) : answer.text
      assert.equal(
        Check(schemaFor(api, documented(template), method, answer), value),
        true,
        `${method} ${path} ${answer.status} ${answer.text.slice(0, 200)}`,
      )
    }
  }
})

test('the request schemas of the document are the ones that are enforced', async (t) => {
  const port = await openPort(t)
  const api = await document(port)
  const tries = [
    '{"peer":"p"}',
    '{"peer":"p","count":0}',
    '{"peer":"p","count":1.5}',
    '{"peer":"p","count":101}',
    '{"count":1}',
    '{"peer":"p","x":1}',
    '[]',
  ]
  const schema = api.paths['/mesh/ping']?.post?.requestBody?.content['application/json']?.schema ?? {}
  for (const body of tries) {
    const { status } = await ask(port.url, '/mesh/ping', { method: 'POST', token: ADMIN_TOKEN, body })
    assert.equal(status, Check(schema, JSON.parse(body)) ? 200 : 400, body)
  }
})

test('the document says of each route who may call it', async (t) => {
  const { paths } = await document(await openPort(t))
  for (const { method, path, access } of ROUTES) {
    const operation = paths[documented(path)]?.[method.toLowerCase()]
    const scope = /scope: (\w+)/i.exec(operation?.description ?? '')?.[1]
    const expected: Partial<Record<Access, string>> = {
      'read-off-loopback': 'read',
      'metrics-unless-open': 'metrics',
      'admin-unless-open': 'admin',
    }
    assert.equal(scope, access === 'anyone' || access === 'token' ? undefined : (expected[access] ?? access), `${method} ${path}`)
    assert.ok((operation?.summary.length ?? 0) > 10)
  }
})

test('Swagger UI loads, and names no resource outside of this port', async (t) => {
  const port = await openPort(t)
  const page = await ask(port.url, '/docs')
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
  const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
  assert.ok(links.length >= 5)
  for (const link of links) {
    const { pathname, origin } = new URL(link, `${port.url.origin}/docs`)
    assert.equal(origin, port.url.origin)
    assert.equal((await ask(port.url, pathname)).status, 200, pathname)
  }
  // The policy forbids scripts inside of the page: there is none.
  assert.doesNotMatch(page.text, /<script(?![^>]*src=)|\son\w+=|style=/)
  const { text } = await ask(port.url, '/docs/static/swagger-initializer.js')
  assert.match(text, /url: resolveUrl\('\.\/json'\)/)
  assert.match(text, /validatorUrl: null/)
  assert.deepEqual(JSON.parse((await ask(port.url, '/docs/json')).text), await document(port))
})

test('what the table does not name is for admins, and every template has a label', () => {
  assert.equal(accessOf('GET', '/secret'), 'admin')
  assert.equal(accessOf('DELETE', '/mesh/status'), 'admin')
  assert.equal(accessOf('HEAD', '/mesh/status'), 'read')
  assert.equal(accessOf('GET', '/docs/static/*'), 'read-off-loopback')
  assert.deepEqual(methodsOf('/log/level'), ['GET', 'HEAD', 'PUT'])
  assert.deepEqual(methodsOf('/api/v1/users/me'), ['GET', 'HEAD', 'DELETE'])
  assert.deepEqual(methodsOf('/api/v1/users/usr_1'), ['DELETE'])
  assert.deepEqual(methodsOf('/api/v1/users/'), [])
  assert.equal(accessOf('DELETE', '/api/v1/users/:id'), 'admin')
  assert.equal(routeLabel('/api/v1/users/:id/scopes'), '/api/v1/users')
  assert.deepEqual(methodsOf('/mesh/peers'), ['GET', 'HEAD', 'POST'])
  assert.deepEqual(methodsOf('/mesh/peers/12D3KooW'), ['DELETE'])
  assert.equal(accessOf('DELETE', '/mesh/peers/:peer'), 'operate')
  for (const { path } of ROUTES) assert.ok(ROUTE_LABELS.includes(routeLabel(path)))
})

test('docs/api.md names every route with who may call it, and every problem code with its status', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const words: Record<Access, string> = {
    anyone: 'anyone',
    read: 'read',
    operate: 'operate',
    admin: 'admin',
    metrics: 'metrics',
    token: 'any valid token',
    'admin-unless-open': 'admin, or anyone where `accounts.openRegistration` is on',
    'read-off-loopback': 'anyone on loopback, else read',
    'metrics-unless-open': 'anyone on loopback unless `admin.openMetrics` is off, else metrics',
  }
  for (const { method, path, access } of ROUTES)
    assert.ok(page.includes(`### ${method} ${path}\n\nWho: ${words[access]}.`), `${method} ${path}`)
  for (const [code, [status]] of Object.entries(PROBLEMS))
    assert.match(page, new RegExp(`^\\| \`${code}\` \\| ${status} \\|`, 'm'), code)
  const headings = [...page.matchAll(/^### ([A-Z]+ \/\S*)/gm)].map(([, heading]) => heading)
  assert.deepEqual(headings.sort(), ROUTES.map(({ method, path }) => `${method} ${path}`).sort())
})
