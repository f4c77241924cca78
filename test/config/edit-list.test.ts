import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { ConfigError } from '../../src/config/config-error.ts'
import { editLists, type ListEdit } from '../../src/config/edit-list.ts'

const never = (): boolean => false
const add = (...items: string[]): ListEdit => ({ list: 'peers.persistent', drop: never, add: items })
const drop = (item: string): ListEdit => ({ list: 'peers.persistent', drop: (one) => one === item, add: [] })
const edited = (text: string, ...edits: ListEdit[]): string => editLists(text, 'config.yaml', edits)

for (const [what, before, edit, after] of [
  ['no text', '', add('/a'), 'peers:\n  persistent:\n    - /a\n'],
  ['comments alone', '# mine\n', add('/a'), '# mine\n\npeers:\n  persistent:\n    - /a\n'],
  ['an empty document', '---\n', add('/a'), '---\npeers:\n  persistent:\n    - /a\n'],
  [
    'a section whose keys are all commented out',
    'peers:\n  # min: 2\nlog:\n  level: info # quiet\n',
    add('/a'),
    'peers:\n  # min: 2\n  persistent:\n    - /a\nlog:\n  level: info # quiet\n',
  ],
  [
    'a list whose items are all commented out',
    'peers:\n  persistent:\n    # - /old\n  min: 1\n',
    add('/a'),
    'peers:\n  persistent:\n    # - /old\n    - /a\n  min: 1\n',
  ],
  ['an empty list', 'peers:\n  persistent: []\n  # after\n', add('/a'), 'peers:\n  persistent:\n    - /a\n  # after\n'],
  ['a section in one line', 'peers: { min: 1 } # few\n', add('/a'), 'peers: { min: 1, persistent: [ /a ] } # few\n'],
  [
    'items with comments, one taken out (what stands above the first may be about all)',
    'peers:\n  persistent:\n    # home\n    - /a\n    # away\n    - /b # often\n    - "/c#x" # quoted\n',
    drop('/a'),
    'peers:\n  persistent:\n    # home\n    # away\n    - /b # often\n    - "/c#x" # quoted\n',
  ],
  ['the last item taken out', 'peers:\n  persistent:\n    - /a\n  max: 9\n', drop('/a'), 'peers:\n  persistent: []\n  max: 9\n'],
  ['four spaces', 'peers:\n    min: 1\n', add('/a'), 'peers:\n    min: 1\n    persistent:\n        - /a\n'],
  ['items that are not indented', 'bootstrap:\n- /x\n', add('/a'), 'bootstrap:\n- /x\npeers:\n  persistent:\n  - /a\n'],
  ['an item that is there', 'peers: {persistent: [/a]}\n', add('/a'), 'peers: {persistent: [/a]}\n'],
  ['an item that is not there', 'peers: {persistent: [/a]}\n', drop('/b'), 'peers: {persistent: [/a]}\n'],
  ['no list to take from', 'log: {level: info}\n', drop('/b'), 'log: {level: info}\n'],
] as const) {
  test(`a list is changed in ${what}`, () => assert.equal(edited(before, edit), after))
}

test('several lists at once', () => {
  const text = 'bootstrap:\n  - /a\n  - /b\npeers:\n  persistent:\n    - /a\n'
  const edits = (['bootstrap', 'peers.persistent'] as const).map((list) => ({
    list,
    drop: (item: string) => item === '/a',
    add: [],
  }))
  assert.equal(edited(text, ...edits), 'bootstrap:\n  - /b\npeers:\n  persistent: []\n')
})

test('what cannot be changed without guessing is refused', () => {
  for (const text of [
    'peers: [',
    'peers: 7\n',
    'peers:\n  persistent: /a\n',
    'peers:\n  persistent:\n    - { a: 1 }\n',
    'peers:\n  persistent:\n    - 7\n',
    'bootstrap: &lines\n  - /x\npeers:\n  persistent: *lines\n',
    'peers:\n  persistent: &lines\n    - /x\nbootstrap: *lines\n',
    'peers:\n  persistent:\n    - &line /x\n',
  ]) {
    assert.throws(() => edited(text, add('/a')), ConfigError, text)
  }
})

const comment = fc.stringMatching(/^[a-z ]{1,12}$/).map((words) => `# ${words.trim() || 'x'}`)
const scalar = fc.constantFrom('1', '0x10', 'true', 'plain', '"quoted # not a comment"', "'single'", '|-\n    two\n    lines')
const line = fc.record({ above: fc.option(comment), value: scalar, beside: fc.option(comment), gap: fc.boolean() })

test('whatever else stands in the file: its values, their order and every comment stay', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.nat(8), fc.array(fc.nat(5), { maxLength: 4 }), (lines, at, held) => {
      const others = lines.map(({ above, value, beside, gap }, index) => {
        const tail = beside === null || value.startsWith('|') ? '' : ` ${beside} ${index}`
        return `${gap ? '\n' : ''}${above === null ? '' : `${above} above ${index}\n`}key${index}: ${value}${tail}\n`
      })
      const items = [...new Set(held)].map((item) => `/item/${item}`)
      const list = items.map((item) => `    - ${item} # of ${item}\n`).join('')
      others.splice(at, 0, `peers:\n  min: 1 # least\n${list === '' ? '' : `  persistent:\n${list}`}`)
      const before = others.join('')
      const after = edited(before, { list: 'peers.persistent', drop: (item) => item === '/item/0', add: ['/item/new'] })

      const kept = items.filter((item) => item !== '/item/0')
      const expected = parse(before)
      expected.peers.persistent = [...kept, '/item/new']
      assert.deepEqual(parse(after), expected)
      assert.deepEqual(Object.keys(parse(after)), Object.keys(parse(before)))
      const comments = (text: string): string[] =>
        [...text.matchAll(/# .*$/gm)].map(([found]) => found).filter((found) => found !== '# of /item/0')
      assert.deepEqual(comments(after).sort(), comments(before).sort())
    }),
    { numRuns: 300 },
  )
})
