import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLog, LOG_LEVELS, type LogLevel, type LogOptions } from '../../src/platform/log.ts'

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLog({
    level: 'info',
    format: 'json',
    output: { write: (line: string) => lines.push(line) },
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    ...options,
  })
  return { log, lines }
}

test('a json line is one object with time, level, message and the fields', () => {
  const { log, lines } = logged()
  log.child({ part: 'host' }).warn({ peer: '12D3KooX', tries: 3 }, 'peer is down')
  assert.equal(lines.length, 1)
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    time: '2026-01-02T03:04:05.006Z',
    part: 'host',
    peer: '12D3KooX',
    tries: 3,
    message: 'peer is down',
  })
})

test('a text line has the time, the level, the message and the fields', () => {
  const { log, lines } = logged({ format: 'text' })
  log.info({ peer: '12D3KooX', reason: 'connection reset', count: 2, ok: true }, 'peer is down')
  assert.deepEqual(lines, ['03:04:05.006 info  peer is down peer=12D3KooX reason="connection reset" count=2 ok=true\n'])
})

test('only lines at or above the level are written and counted, in children made before a change too', () => {
  for (const threshold of LOG_LEVELS) {
    const { log, lines } = logged({ level: 'fatal' })
    const child = log.child({ a: 1 })
    log.setLevel(threshold)
    assert.equal(log.level(), threshold)
    for (const level of LOG_LEVELS) child[level]({}, level)
    const expected = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(threshold) + 1)
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).level),
      expected,
    )
    const counts = log.lines()
    for (const level of LOG_LEVELS) assert.equal(counts[level], expected.includes(level) ? 1 : 0)
    assert.equal(child.enabled('trace'), threshold === 'trace')
  }
})

test('secret-looking fields are blanked at any depth, in both formats; where a secret lies is told', () => {
  const secret = 'SECRETSECRETSECRET'
  const names = [
    'token',
    'accessToken',
    'passphrase',
    'Authorization',
    'set-cookie',
    'seed',
    'privateKey',
    'ml_dsa_seed',
    'api_key',
  ]
  for (const format of ['json', 'text'] as const) {
    const { log, lines } = logged({ format })
    for (const name of names) {
      log.info({ [name]: secret, request: { headers: { [name]: secret } }, list: [{ [name]: [secret] }] }, 'request')
    }
    log.info({ tokenFile: '/home/x0/token' }, 'token made')
    const all = lines.join('')
    assert.ok(!all.includes(secret), all)
    assert.ok(all.includes('[redacted]'))
    assert.ok(all.includes('/home/x0/token'))
  }
})

test('a bearer token inside a message, a text or an error is blanked', () => {
  const { log, lines } = logged()
  const header = 'Authorization: Bearer abcDEF123_-'
  log.error({ error: new Error(`refused ${header}`), note: header }, `saw ${header}`)
  assert.ok(!lines.join('').includes('abcDEF123'))
})

test('bytes are counted, never printed', () => {
  const { log, lines } = logged()
  log.info({ key: new Uint8Array([222, 173, 190, 239]), buffer: Buffer.from('deadbeef') }, 'bytes')
  const line = JSON.parse(lines[0] ?? '')
  assert.equal(line.key, '(4 bytes)')
  assert.equal(line.buffer, '(8 bytes)')
})

test('an error shows name, code, message and causes; the stack only at debug', () => {
  const error = Object.assign(new Error('dial failed', { cause: new Error('ECONNREFUSED') }), { code: 'unreachable' })
  const { log, lines } = logged()
  log.warn({ error }, 'first')
  log.setLevel('debug')
  log.warn({ error }, 'second')
  const [first, second] = lines.map((line) => JSON.parse(line).error)
  assert.deepEqual(first, {
    name: 'Error',
    message: 'dial failed',
    code: 'unreachable',
    cause: { name: 'Error', message: 'ECONNREFUSED' },
  })
  assert.match(second.stack, /log\.test/)
  const text = logged({ format: 'text' })
  text.log.warn({ error }, 'third')
  assert.match(text.lines[0] ?? '', /error="dial failed \(unreachable\)"/)
})

test('whatever is logged gives exactly one line, parseable and bounded', () => {
  const hostile = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, maxDepth: 6 }),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), hostile), fc.string({ unit: 'binary' }), (fields, message) => {
      const json = logged()
      json.log.error(fields, message)
      assert.equal(json.lines.length, 1)
      assert.equal(JSON.parse(json.lines[0] ?? '').level, 'error')
      const text = logged({ format: 'text' })
      text.log.error(fields, message)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: no control character may survive
      assert.match(text.lines[0] ?? '', /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\n$/)
    }),
  )
})

test('a huge or cyclic field does not make a huge line', () => {
  const { log, lines } = logged()
  const cyclic: Record<string, unknown> = { many: Array.from({ length: 10_000 }, (_, i) => i), text: 'x'.repeat(1_000_000) }
  cyclic.self = cyclic
  log.info(cyclic, 'y'.repeat(100_000))
  assert.ok((lines[0] ?? '').length < 20_000, String(lines[0]?.length))
  assert.match(JSON.parse(lines[0] ?? '').many.at(-1), /9968 more/)
})

test('a field named like a part of the line does not replace that part', () => {
  const { log, lines } = logged()
  log.info({ level: 'fatal' satisfies LogLevel, time: 'never', message: 'other' }, 'real')
  const line = JSON.parse(lines[0] ?? '')
  assert.equal(line.level, 'info')
  assert.equal(line.message, 'real')
  assert.equal(line.level_, 'fatal')
  assert.equal((lines[0] ?? '').match(/"message"/g)?.length, 1)
})
