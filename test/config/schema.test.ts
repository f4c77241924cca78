import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import Value from 'typebox/value'
import { checkValue } from '../../src/config/check-value.ts'
import { withDefaults } from '../../src/config/defaults.ts'
import { editDistance, nearest } from '../../src/config/did-you-mean.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { resolveConfig } from '../../src/config/load.ts'
import { configMarkdown } from '../../src/config/markdown.ts'
import { planReload } from '../../src/config/reload.ts'
import { ConfigSchema, InteropRule } from '../../src/config/schema.ts'
import { configLeaves, nodeAt, schemaNode, variableOf } from '../../src/config/schema-tree.ts'
import { INBOUND_UPGRADE_TIMEOUT_MS } from '../../src/host/limits.ts'

const configFrom = (text: string) => resolveConfig({ flags: [], env: {}, file: { path: 'f', text }, folder: '/' }).config

test('every setting says what it does, with bounds, and its default is within them', () => {
  const leaves = configLeaves()
  assert.ok(leaves.length >= 24)
  for (const { path, node, optional } of leaves) {
    assert.ok((node.description ?? '').length > 30, `${path} has no description`)
    if (!optional) assert.deepEqual(checkValue(node, node.default), [], path)
    if (node.type === 'integer') {
      assert.ok(node.minimum !== undefined && node.maximum !== undefined, `${path} has no bounds`)
      const unit = /Seconds|Ms|Hours|PerSecond|seconds$/.test(path)
      assert.ok(
        unit || /how many|connections|peers|misses|probes|requests|handshakes|sockets/i.test(`${path} ${node.description}`),
        `${path} has no unit`,
      )
    }
    if (node.type === 'array') assert.ok(node.maxItems !== undefined, `${path} has no bound`)
  }
})

test('our check of values judges as typebox does', () => {
  const rule = fc.record(
    {
      protocol: fc.constantFrom<unknown>('/noise', '/noise-mlkem768-hfs/0.2.0', '/tls', 5),
      peers: fc.constantFrom<unknown>('any', 'all', [], ['a'], [1], null),
      protocols: fc.constantFrom<unknown>([], ['/a'], ['a'], 'x'),
    },
    { requiredKeys: [] },
  )
  const values = fc.oneof(
    fc.anything(),
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 20 }),
    fc.constantFrom('native', 'info', 'json'),
    fc.array(rule, { maxLength: 9 }),
  )
  const leaves = configLeaves()
  fc.assert(
    fc.property(fc.constantFrom(...leaves), values, ({ node, path }, value) => {
      // typebox has no defaults while it checks: they are filled in for both.
      const filled =
        path === 'security.interop' && Array.isArray(value)
          ? value.map((item: unknown) => Value.Default(InteropRule, structuredClone(item)))
          : value
      assert.equal(checkValue(node, filled).length === 0, Value.Check(node, filled), path)
    }),
    { numRuns: 2_000 },
  )
})

test('the names of variables follow from the paths', () => {
  assert.equal(variableOf(['admin', 'address']), 'X0_ADMIN_ADDRESS')
  assert.equal(variableOf(['security', 'handshake', 'perAddressPerSecond']), 'X0_SECURITY_HANDSHAKE_PER_ADDRESS_PER_SECOND')
  assert.equal(nodeAt(['admin', 'toString']), undefined)
  assert.equal(nodeAt(['listen', 'x']), undefined)
})

test('docs/config.md is what the schema says (bin/node scripts/make-config-docs.ts)', async () => {
  const written = await readFile(new URL('../../docs/config.md', import.meta.url), 'utf8')
  assert.equal(written, configMarkdown())
  for (const { path } of configLeaves()) assert.ok(written.includes(`### ${path}\n`), path)
})

test('what settings say of the rest of the node is true', async () => {
  assert.equal(nodeAt(['security', 'handshake', 'timeoutMs'])?.maximum, INBOUND_UPGRADE_TIMEOUT_MS)
  const peers = await readFile(new URL('../../docs/peers.md', import.meta.url), 'utf8')
  const [, perLink] = /every 10 s: (\d+ bytes a second) per link/.exec(peers) ?? []
  assert.ok(perLink !== undefined)
  assert.ok(nodeAt(['liveness', 'idleSeconds'])?.description?.includes(perLink))
})

test('the schema for editors accepts a partial file and refuses a wrong one', () => {
  const schema = configJsonSchema()
  assert.match(String(schema.$schema), /draft-07/)
  assert.equal(JSON.stringify(schema).includes('x-'), false)
  for (const good of [{}, { listen: [] }, { admin: {} }, { security: { interop: [{ protocol: '/noise', peers: 'any' }] } }])
    assert.ok(Value.Check(schema, good), JSON.stringify(good))
  for (const bad of [
    { foo: 1 },
    { listen: 1 },
    { admin: { tls: { key: 'x' } } },
    { peers: { min: -1 } },
    { security: { interop: [{ protocol: '/noise' }] } },
  ])
    assert.equal(Value.Check(schema, bad), false, JSON.stringify(bad))
})

test('a reload tells live settings from those that need a restart', () => {
  const current = configFrom('')
  assert.deepEqual(planReload(current, current, configFrom('')), { live: [], restart: [] })
  const next = configFrom(
    'log: { level: debug, format: json }\nadmin: { tls: { certificate: c, key: k } }\nlisten: []\npeers: { target: 9 }\n',
  )
  assert.deepEqual(planReload(current, current, next), {
    live: ['log.level'],
    restart: ['listen', 'admin.tls.certificate', 'admin.tls.key', 'peers.target', 'log.format'],
  })
  assert.deepEqual(planReload(next, next, current), planReload(current, current, next))
})

test('what needs a restart is named until there was one; what was applied live is not', () => {
  const started = configFrom('')
  const once = configFrom('log: { level: debug }\npeers: { target: 9 }\n')
  assert.deepEqual(planReload(started, once, once), { live: [], restart: ['peers.target'] })
  assert.deepEqual(planReload(started, once, started), { live: ['log.level'], restart: [] })
})

test('edit distance counts slips of the fingers', () => {
  const cases = [
    ['', '', 0],
    ['a', '', 1],
    ['', 'abc', 3],
    ['listen', 'listen', 0],
    ['listne', 'listen', 1],
    ['adress', 'address', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ] as const
  for (const [a, b, distance] of cases) assert.equal(editDistance(a, b), distance, `${a} ${b}`)
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => editDistance(a, b) === editDistance(b, a)),
  )
  assert.equal(nearest('lisen', ['listen', 'announce']), 'listen')
  assert.equal(nearest('xyz', ['listen', 'announce']), undefined)
})

test('the schema walker sees the same settings as typebox', () => {
  assert.deepEqual(Value.Default(ConfigSchema, {}), configFrom(''))
  assert.equal(schemaNode(ConfigSchema).type, 'object')
})

test('our filling in of defaults does as typebox does', () => {
  const section = fc.record(
    {
      peers: fc.record({ min: fc.nat(5) }, { requiredKeys: [] }),
      listen: fc.constant(['/ip4/127.0.0.1/tcp/0']),
      security: fc.record(
        {
          interop: fc.array(fc.record({ protocol: fc.constant('/noise'), peers: fc.constant('any') }), { maxLength: 2 }),
          handshake: fc.record({ timeoutMs: fc.constant(900) }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(section, (value) => {
      const expected = Value.Default(ConfigSchema, structuredClone(value))
      assert.deepEqual(withDefaults(schemaNode(ConfigSchema), value), expected)
    }),
  )
})
