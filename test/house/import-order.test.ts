import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, it } from 'node:test'
import { breaches, type Layers, specifiers } from './import-order.ts'

const SRC = join(import.meta.dirname, '..', '..', 'src')
const layers: Layers = JSON.parse(readFileSync(join(import.meta.dirname, 'layers.json'), 'utf8'))

function sources(): Map<string, string> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return new Map(files.map((file) => [file.split(sep).join('/'), readFileSync(join(SRC, file), 'utf8')]))
}

describe('the order of the layers', () => {
  it('is kept by every source file', () => {
    const files = sources()
    assert.ok(files.has('platform/clock.ts'), 'the sources were found')
    assert.deepEqual(breaches(files, layers), [])
  })

  it('has no source that the checker reads as empty of imports although it imports', () => {
    for (const [file, source] of sources()) {
      const lines = source.split('\n').filter((line) => /^import\b|^} from '/.test(line) && !/^import (type )?\{$/.test(line))
      assert.ok(
        specifiers(source).length >= lines.length,
        `${file}: ${lines.length} import lines, ${specifiers(source).length} read`,
      )
    }
  })
})

describe('the checker itself, on a made-up tree', () => {
  const check = (tree: Record<string, string>): string[] => breaches(new Map(Object.entries(tree)), layers)

  it('lets imports go downwards, sideways in a layer, to packages and to package.json', () => {
    assert.deepEqual(
      check({
        'cli/main.ts': `import { a } from '../admin/documents.ts'\nimport p from '../../package.json' with { type: 'json' }\nimport { Command } from 'commander'`,
        'channel/noise.ts': `import type { B } from '../crypto/backend.ts'\nexport { c } from './cipher.ts'\nimport { hkdf } from 'node:crypto'`,
        'node/start-node.ts': `const { x } = await import('./host/host.ts')`,
      }),
      [],
    )
  })

  const caught: [title: string, file: string, source: string, sentence: RegExp][] = [
    [
      'an upward import',
      'platform/log.ts',
      `import { load } from '../config/load.ts'`,
      /platform must not import upwards from config/,
    ],
    [
      'an upward import over several lines',
      'store/a.ts',
      `import {\n  b,\n  c,\n} from '../mesh/b.ts'`,
      /store must not import upwards from mesh/,
    ],
    [
      'an upward type import',
      'host/a.ts',
      `import type { N } from '../node/start-node.ts'`,
      /host must not import upwards from node /,
    ],
    ['an upward inline type import', 'host/a.ts', `let a: import('../admin/a.ts').A`, /host must not import upwards from admin/],
    ['an upward re-export', 'config/a.ts', `export * from '../store/a.ts'`, /config must not import upwards from store/],
    [
      'an upward import for its side effects',
      'config/a.ts',
      `import '../cli/main.ts'`,
      /config must not import upwards from cli/,
    ],
    ['an upward dynamic import', 'crypto/a.ts', `await import('../host/a.ts')`, /crypto must not import upwards from host/],
    [
      'an upward worker',
      'crypto/a.ts',
      `new Worker(new URL('../host/a.ts', import.meta.url))`,
      /crypto must not import upwards from host/,
    ],
    ['strangers downwards', 'channel/a.ts', `import { m } from '../mesh/a.ts'`, /channel must not know mesh/],
    ['strangers upwards', 'trust/a.ts', `import { d } from '../detect/a.ts'`, /trust must not know detect/],
    ['a file outside src', 'cli/a.ts', `import { t } from '../../test/a.ts'`, /leaves src/],
    ['a module by URL', 'cli/a.ts', `import x from 'https://packages.example/x.js'`, /neither a package nor a file/],
    ['a module by absolute path', 'cli/a.ts', `import x from '/opt/x.js'`, /neither a package nor a file/],
    ['a path that nobody can read', 'cli/a.ts', 'await import(path)', /cannot be checked/],
    ['an unknown layer', 'plugins/a.ts', '', /'plugins' is not a layer/],
    ['a file without a name', 'mesh/utils.ts', '', /'utils' says nothing/],
    ['a folder without a name', 'mesh/common/routes.ts', '', /'common' says nothing/],
    ['a barrel by name', 'mesh/index.ts', '', /'index' says nothing/],
  ]
  for (const [title, file, source, sentence] of caught) {
    it(`catches ${title}`, () => {
      const found = check({ [file]: source })
      assert.equal(found.length, 1, `exactly one breach, got ${JSON.stringify(found)}`)
      assert.match(found[0] ?? '', sentence)
    })
  }

  it('does not take an example in a comment for an import', () => {
    assert.deepEqual(
      check({ 'platform/a.ts': `/**\n * import { x } from '../cli/x.ts'\n */\n// import '../cli/x.ts'\nexport const a = 1\n` }),
      [],
    )
  })
})
