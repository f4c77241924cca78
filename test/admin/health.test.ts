import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, openPort } from './open-port.ts'

test('/health and /readyz follow readiness, /livez liveness; none needs a token', async (t) => {
  const { url, node } = await openPort(t)
  const statuses = async () => Promise.all(['/health', '/readyz', '/livez'].map(async (path) => (await ask(url, path)).status))
  assert.deepEqual(await statuses(), [200, 200, 200])
  node.ready = false
  assert.deepEqual(await statuses(), [503, 503, 200])
  node.live = false
  assert.deepEqual(await statuses(), [503, 503, 503])
  const { text, headers } = await ask(url, '/health')
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  assert.deepEqual(JSON.parse(text), {
    schema: 'x0.health/v1',
    status: 'starting',
    version: '0.1.0-test',
    uptimeSeconds: 1.5,
    checks: [{ name: 'listening', ok: true, detail: 'on 1 address' }],
  })
})

test('/metrics speaks the text format and counts the requests by template, never by path', async (t) => {
  const { url } = await openPort(t)
  for (let n = 0; n < 50; n += 1) await ask(url, `/nothing/${n}`)
  await ask(url, '/health?x=1')
  const { headers, text } = await ask(url, '/metrics')
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.match(text, /x0_http_requests_total\{route="unmatched",method="GET",status="4xx"\} 50/)
  assert.match(text, /x0_http_requests_total\{route="\/health",method="GET",status="2xx"\} 1/)
  assert.doesNotMatch(text, /nothing/)
})
