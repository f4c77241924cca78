import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGES = ['README.md', 'CHANGELOG.md', 'SECURITY.md', ...globSync('docs/*.md', { cwd: ROOT })]

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** Markdown without its code, where brackets and hashes mean something else. */
function prose(page: string): string {
  return read(page)
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, '')
}

/** The targets of `[text](target)` that are not addresses of the web. */
function relativeLinks(page: string): string[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '').filter((target) => !/^[a-z]+:/.test(target))
}

/** What GitHub makes of the headings of a page. */
function anchors(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#{1,6} +(.+)$/gm)].map((match) => match[1] ?? '')
  const slug = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  return new Set(headings.map(slug))
}

/** A title as a page quotes it: what a template fills in is `...`. */
function titlesIn(source: string): Set<string> {
  const calls = source.matchAll(/\b(?:test|it|onBoth)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)
  return new Set(
    [...calls].map((match) => (match[2] ?? '').replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '...').replace(/\\(['"`])/g, '$1')),
  )
}

describe('the pages', () => {
  for (const page of PAGES) {
    it(`${page}: every relative link leads somewhere`, () => {
      for (const target of relativeLinks(page)) {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path))
        assert.ok(existsSync(join(ROOT, file)), `${target}: there is no ${file}`)
        if (anchor !== undefined) assert.ok(anchors(file).has(anchor), `${target}: ${file} has no such heading`)
      }
    })
  }

  it('README.md leads to every page of docs', () => {
    const linked = new Set(relativeLinks('README.md'))
    assert.deepEqual(
      PAGES.filter((page) => page !== 'README.md' && !linked.has(page)),
      [],
    )
  })

  it('every page of docs that a source names is there', () => {
    const files = ['src', 'bin', 'config', 'scripts'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    for (const file of files.filter((name) => statSync(join(ROOT, name)).isFile())) {
      for (const [page] of read(file).matchAll(/\bdocs\/[a-z-]+\.md\b/g)) {
        assert.ok(existsSync(join(ROOT, page)), `${file} names ${page}`)
      }
    }
  })
})

describe('docs/architecture.md', () => {
  it('has every folder of src, and no other, in its table of layers', () => {
    const named = [...read('docs/architecture.md').matchAll(/^\| `src\/([a-z]+)\/` \|/gm)].map((match) => match[1])
    const { order }: { order: string[] } = JSON.parse(read('test/house/layers.json'))
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    assert.deepEqual(
      named,
      order.filter((layer) => folders.some(({ name }) => name === layer)),
    )
    assert.equal(named.length, folders.length)
  })
})

describe('docs/threat-model.md', () => {
  /** ``test/area/file.test.ts` "title"`, one or more a row. */
  const references = [...read('docs/threat-model.md').matchAll(/`(test\/[\w./-]+)` "([^"]+)"/g)]

  it('names a test, or says that there is none, in every row', () => {
    const rows = read('docs/threat-model.md')
      .split('\n')
      .filter((line) => /^\| (?!---|what |asset )/.test(line))
    const claims = rows.filter((row) => /\| *(?:`test\/|no test:)[^|]*\|$/.test(row))
    assert.ok(claims.length > 40, `${claims.length} claims were read`)
    const assets = rows.filter((row) => !claims.includes(row))
    assert.deepEqual(assets, rows.slice(0, assets.length), 'only the assets, which come first, go without')
  })

  it('quotes the titles of tests as they are', () => {
    assert.ok(references.length > 60, `${references.length} references were read`)
    const missing = references.filter(([, file = '', title = '']) => {
      return !existsSync(join(ROOT, file)) || !titlesIn(read(file)).has(title)
    })
    assert.deepEqual(
      missing.map(([reference]) => reference),
      [],
    )
  })
})

describe('the checker itself', () => {
  it('reads titles in every kind of quotes, with what is filled in', () => {
    const source = [
      "test('plain', () => {})",
      'it("the peer\'s own", async (t) => {})',
      `test(\`\${pair}: a \${[1].map((n) => { return n })} b\`, run)`,
      "onBoth(\n  'on the next line',\n)",
      "test('it isn\\'t lost', () => {})",
    ].join('\n')
    assert.deepEqual([...titlesIn(source)], ['plain', "the peer's own", '...: a ... b', 'on the next line', "it isn't lost"])
  })
})
