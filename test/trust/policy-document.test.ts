import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MAX_ALIASES, MAX_POLICY_BYTES, MAX_PROBLEMS, MAX_RULES } from '../../src/trust/policy/limits.ts'
import { PolicyError } from '../../src/trust/policy/policy-error.ts'
import { readPolicy } from '../../src/trust/policy/read-document.ts'
import { parseTime } from '../../src/trust/policy/read-tests.ts'
import { runPolicyTests } from '../../src/trust/policy/run-tests.ts'
import { parseSelector } from '../../src/trust/policy/selector.ts'
import { isAbout } from './naive-policy.ts'
import { documentOf, IDS, writtenRules } from './policy-arbitraries.ts'

/** The problems of a document that cannot be used, as they are printed. */
function problems(text: string): string[] {
  try {
    readPolicy(text, 'policy.yaml')
  } catch (error) {
    assert.ok(error instanceof PolicyError, String(error))
    assert.equal(error.code, error.problems[0]?.code)
    return error.message.split('\n')
  }
  return []
}

const rule = (more: string): string => `version: 1
rules:
  - name: one
    effect: allow
    from: [any]
    actions: [relay]
${more}`

describe('a policy document', () => {
  it('is YAML or JSON, and says the same in both', () => {
    const yaml = `
version: 1
rules:
  - name: ops-ssh
    priority: 100
    effect: allow
    audit: true
    from: ["spiffe://fleet/node/laptop-*", group:ops]
    to: ["spiffe://fleet/**"]
    actions: [connect:ssh, connect:*, admin:read, "*"]
    when: { days: [mon, tue], from: "22:00", to: 06:00, zone: Europe/Berlin }
    rate: { per: minute, limit: 60 }
`
    const json = JSON.stringify({
      version: 1,
      rules: [
        {
          name: 'ops-ssh',
          priority: 100,
          effect: 'allow',
          audit: true,
          from: ['spiffe://fleet/node/laptop-*', 'group:ops'],
          to: ['spiffe://fleet/**'],
          actions: ['connect:ssh', 'connect:*', 'admin:read', '*'],
          when: { days: ['mon', 'tue'], from: '22:00', to: '06:00', zone: 'Europe/Berlin' },
          rate: { per: 'minute', limit: 60 },
        },
      ],
    })
    const [first] = readPolicy(yaml, 'f').rules
    assert.equal(JSON.stringify(readPolicy(json, 'f').rules), JSON.stringify([first]))
    assert.deepEqual(first?.when, { days: ['mon', 'tue'], from: 1_320, to: 360, zone: 'Europe/Berlin' })
    assert.deepEqual(first?.rate, { limit: 60, periodMs: 60_000 })
  })

  it('needs no more of a rule than who, what and the answer', () => {
    const [only] = readPolicy(rule(''), 'f').rules
    assert.deepEqual(only, {
      name: 'one',
      priority: 0,
      effect: 'allow',
      audit: false,
      from: [{ kind: 'any' }],
      to: [{ kind: 'any' }],
      actions: ['relay'],
      when: undefined,
      rate: undefined,
    })
  })

  const wrong: [what: string, text: string, ...expected: RegExp[]][] = [
    ['no document', '', /^policy\.yaml line 1: found no value, expected a section with version, rules, tests$/],
    ['a text', 'hello', /line 1: found the text hello, expected a section/],
    ['no YAML', 'version: 1\nrules: [', /line 2: .*flow/i],
    ['two documents', 'version: 1\n---\nrules: []', /multiple documents/],
    ['a key twice', 'version: 1\nversion: 1\nrules: []', /line 2: .*unique/],
    ['another version', 'version: 2\nrules: []', /line 1: version: found the number 2, expected 1/],
    ['no rules', 'version: 1', /rules: missing, expected a list of at most 1024 items/],
    ['a slip in a key', rule('    prioritty: 5'), /line 7: rules\[0\]\.prioritty: no such key; did you mean priority\?/],
    ['a key of another world', rule('    ip: 10.0.0.1'), /line 7: rules\[0\]\.ip: no such key; there is name, priority, effect/],
    [
      'a slip in a value',
      rule('').replace('allow', 'alow'),
      /line 4: .*found the text alow, expected one of allow, deny; did you mean allow\?/,
    ],
    [
      'a priority that is none',
      rule('    priority: 1001'),
      /line 7: .*found the number 1001, expected a whole number from 0 to 1000/,
    ],
    ['a list where one is expected', rule('').replace('[any]', 'any'), /line 5: .*found the text any, expected a list/],
    ['an empty list', rule('').replace('[any]', '[]'), /line 5: .*found a list of 0, expected a list of 1 to 64 items/],
    ['an unquoted star', rule('').replace('[relay]', '[*]'), /line 6: .*must stand in quotes/],
    ['an alias without an anchor', rule('').replace('[relay]', '[*all]'), /alias/],
    ['a capital in a name', rule('').replace('one', 'One'), /line 3: rules\[0\]\.name: found "One", expected small letters/],
    ['the name of the default', rule('').replace('one', 'default'), /default is what decides where no rule does/],
    ['a name twice', `${rule('')}${rule('').split('rules:\n')[1]}`, /line 7: rules\[1\]\.name: another rule is called one/],
    ['an address', rule('').replace('any', '10.0.0.0/8'), /line 5: rules\[0\]\.from\[0\]: addresses decide nothing here/],
    ['an address of the new kind', rule('').replace('any', '"fd00::/8"'), /addresses decide nothing here/],
    ['everybody as a star', rule('').replace('[any]', '["*"]'), /found "\*", expected any for everybody/],
    ['an unknown form', rule('').replace('any', 'laptop-1'), /found "laptop-1", expected any, group:NAME, spiffe:/],
    ['a group that is none', rule('').replace('any', '"group:Ops Team"'), /"Ops Team" is no group name/],
    ['a star for the network', rule('').replace('any', '"spiffe://*/node/a"'), /the network must be written out/],
    [
      'a network alone',
      rule('').replace('any', 'spiffe://fleet'),
      /expected a path after the network, as in spiffe:\/\/fleet\/node\/NAME/,
    ],
    ['a network with capitals', rule('').replace('any', 'spiffe://Fleet/node/a'), /"Fleet" is no name of a network/],
    ['two stars in a part', rule('').replace('any', '"spiffe://fleet/node/*-*"'), /"\*-\*": one \* in a part of the path/],
    ['two stars in the middle', rule('').replace('any', '"spiffe://fleet/**/a"'), /"\*\*" stands alone, as the last part/],
    ['an empty part', rule('').replace('any', 'spiffe://fleet//a'), /"" is no part of a SPIFFE id/],
    ['a part that climbs', rule('').replace('any', 'spiffe://fleet/../a'), /"\.\." is no part of a SPIFFE id/],
    [
      'half an action',
      rule('').replace('relay', 'connect'),
      /line 6: .*"connect" is no action: .*write "connect:\*" for all of them/,
    ],
    ['an unknown scope', rule('').replace('relay', 'admin:root'), /there is connect:SERVICE, relay, admin:read/],
    ['a service that is none', rule('').replace('relay', 'connect:SSH'), /"SSH" is no service name/],
    [
      'a time that is none',
      rule('    when: { from: "8:00", to: "18:00" }'),
      /line 7: rules\[0\]\.when\.from: found "8:00", expected a time of the day as 08:00/,
    ],
    ['a beginning at the end', rule('    when: { from: "24:00", to: "18:00" }'), /when\.from: found "24:00"/],
    ['half a window', rule('    when: { from: "08:00" }'), /from and to go together/],
    ['an empty window', rule('    when: {}'), /expected days, or from and to, or both/],
    ['a window of no length', rule('    when: { from: "08:00", to: "08:00" }'), /leave both out for the whole day/],
    ['a window that ends at 00:00', rule('    when: { from: "08:00", to: "00:00" }'), /write 24:00 for the end of the day/],
    [
      'an unknown day',
      rule('    when: { days: [monday] }'),
      /line 7: .*days\[0\]: found the text monday, expected one of mon, tue/,
    ],
    ['an unknown zone', rule('    when: { days: [mon], zone: Europe/Bärlin }'), /zone: "Europe\/Bärlin" is no zone/],
    ['an offset for a zone', rule('    when: { days: [mon], zone: "+02:00" }'), /is no zone: expected UTC or a name/],
    [
      'a rate on a deny',
      rule('    rate: { per: minute, limit: 1 }').replace('allow', 'deny'),
      /line 7: rules\[0\]\.rate: a rule that denies has no rate/,
    ],
    [
      'a rate of nothing',
      rule('    rate: { per: minute, limit: 0 }'),
      /limit: found the number 0, expected a whole number from 1/,
    ],
    [
      'a test of a rule that is not there',
      rule('tests: [{ from: spiffe://a/b, action: relay, expect: deny, rule: onee }]'),
      /line 7: tests\[0\]\.rule: no rule is called "onee"; did you mean one\?/,
    ],
    [
      'a test without a time where time matters',
      rule('    when: { days: [mon] }\ntests: [{ from: spiffe://a/b, action: relay, expect: deny }]'),
      /tests\[0\]\.at: missing, expected a time: a rule of this document has a `when`/,
    ],
    [
      'a test at no time',
      rule('tests: [{ from: spiffe://a/b, action: relay, expect: deny, at: yesterday }]'),
      /found "yesterday", expected a time as 2026/,
    ],
    [
      'a test from a pattern',
      rule('tests: [{ from: "spiffe://a/*", action: relay, expect: deny }]'),
      /tests\[0\]\.from: expected one node, not a pattern/,
    ],
    [
      'a test from an address',
      rule('tests: [{ from: 10.0.0.1, action: relay, expect: deny }]'),
      /expected spiffe:\/\/NETWORK\/node\/NAME or an x0 id/,
    ],
    [
      'a test of a class of actions',
      rule('tests: [{ from: spiffe://a/b, action: "connect:*", expect: deny }]'),
      /"\*" is no service name/,
    ],
    [
      'a test with a group that is none',
      rule('tests: [{ from: spiffe://a/b, groups: [A], action: relay, expect: deny }]'),
      /tests\[0\]\.groups\[0\]: found "A"/,
    ],
  ]
  for (const [what, text, ...expected] of wrong) {
    it(`is refused with ${what}, in plain words and with the line`, () => {
      const told = problems(text)
      for (const sentence of expected)
        assert.ok(
          told.some((line) => sentence.test(line)),
          `${sentence} is not in\n${told.join('\n')}`,
        )
      for (const line of told) assert.match(line, /^policy\.yaml line \d+: /)
    })
  }

  it('tells all problems at once, up to a bound', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      name: `r${index}`,
      effect: 'allow',
      from: ['nobody'],
      actions: ['fly'],
    }))
    assert.equal(problems(JSON.stringify({ version: 1, rules: many.slice(0, 3) })).length, 6)
    assert.equal(problems(JSON.stringify({ version: 1, rules: many })).length, MAX_PROBLEMS)
  })

  it('has bounds on bytes, rules and aliases', () => {
    const one = { effect: 'allow', from: ['any'], actions: ['relay'] }
    const rules = (count: number): string =>
      JSON.stringify({ version: 1, rules: Array.from({ length: count }, (_, index) => ({ ...one, name: `r${index}` })) })
    assert.equal(readPolicy(rules(MAX_RULES), 'f').rules.length, MAX_RULES)
    assert.match(problems(rules(MAX_RULES + 1))[0] ?? '', /found a list of 1025, expected a list of at most 1024 items/)
    assert.throws(
      () => readPolicy(`#${'x'.repeat(MAX_POLICY_BYTES)}`, 'f'),
      (error) => error instanceof PolicyError && error.code === 'unreadable',
    )
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from('bcdef', (letter, index) => `${letter}: &${letter} [${`*${'abcdef'[index]}, `.repeat(10)}]`),
    ]
    assert.match(problems(bomb.join('\n'))[0] ?? '', /alias/i)
    assert.ok(MAX_ALIASES < 100)
  })

  it('never makes the reader fail in another way than by its own error, whatever its text', () => {
    const pieces = fc.constantFrom(
      'version: 1\n',
      'rules:\n',
      '- ',
      '  ',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '!!set ',
      '!!binary ',
      '? ',
      '|',
      '>',
      '#',
      '\n',
      '\t',
      '---\n',
      '__proto__',
      'name',
      'from',
      'any',
      'null',
      '.inf',
      '0x10',
      '\u0000',
      '\ud800',
      '1e999',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
      fc.json(),
      fc.tuple(writtenRules, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 })).map(([rules, at, put]) => {
        const text = documentOf(rules)
        const place = at % text.length
        return text.slice(0, place) + put + text.slice(place + 1)
      }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        problems(text)
      }),
      { numRuns: 1_000 },
    )
    for (const deep of [
      '['.repeat(50_000),
      '{"a":'.repeat(20_000),
      '- '.repeat(20_000),
      `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
    ])
      assert.ok(problems(deep).length > 0)
  })
})

describe('a selector', () => {
  it('means what the same pattern as a regular expression means', () => {
    const segment = fc.oneof(fc.constantFrom('*', 'a*', '*a', 'a*a', 'ab*ba'), fc.stringMatching(/^[ab]{1,4}$/))
    const pattern = fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([parts, tail]) => `spiffe://n/${parts.join('/')}${tail ? '/**' : ''}`)
    const id = fc
      .array(fc.stringMatching(/^[ab]{1,4}$/), { minLength: 1, maxLength: 5 })
      .map((parts) => `spiffe://n/${parts.join('/')}`)
    fc.assert(
      fc.property(pattern, id, (text, candidate) => {
        const parsed = parseSelector(text)
        assert.ok('selector' in parsed)
        const { selector } = parsed
        const means =
          selector.kind === 'pattern'
            ? candidate.startsWith(selector.pattern.literal) && selector.pattern.matches(candidate)
            : text === candidate
        assert.equal(means, isAbout(text, { spiffeId: candidate, x0Id: undefined, groups: [] }))
      }),
      { numRuns: 3_000 },
    )
  })

  it('knows capitals from small letters, and one network from another', () => {
    const table: [pattern: string, id: string, means: boolean][] = [
      ['spiffe://fleet/node/*', 'spiffe://fleet/node/db-1', true],
      ['spiffe://fleet/node/*', 'spiffe://fleet/Node/db-1', false],
      ['spiffe://fleet/node/*', 'spiffe://fleet/node/db-1/sub', false],
      ['spiffe://fleet/node/*', 'spiffe://fleet.evil/node/db-1', false],
      ['spiffe://fleet/node/*', 'spiffe://fleet/node/', false],
      ['spiffe://fleet/node/db-*', 'spiffe://fleet/node/db-', true],
      ['spiffe://fleet/node/a*a', 'spiffe://fleet/node/a', false],
      ['spiffe://fleet/**', 'spiffe://fleet/node/db-1/sub', true],
      ['spiffe://fleet/node/**', 'spiffe://fleet/node', false],
    ]
    for (const [pattern, id, means] of table) {
      const parsed = parseSelector(pattern)
      assert.ok('selector' in parsed && parsed.selector.kind === 'pattern')
      const { literal, matches } = parsed.selector.pattern
      assert.equal(id.startsWith(literal) && matches(id), means, `${pattern} ${id}`)
    }
    assert.ok(IDS.length > 5)
  })
})

describe('the tests that a document brings along', () => {
  const text = `
version: 1
rules:
  - { name: night, effect: allow, from: [group:ops], to: [group:servers], actions: ["connect:*"], when: { days: [fri], from: "22:00", to: "06:00", zone: Europe/Berlin } }
tests:
  # 2026-11-27 is a Friday; Berlin is an hour ahead of UTC in winter
  - { from: spiffe://fleet/node/a, groups: [ops], to: spiffe://fleet/node/b, toGroups: [servers], action: connect:ssh, at: "2026-11-27T21:00:00Z", expect: allow, rule: night }
  - { from: spiffe://fleet/node/a, groups: [ops], toGroups: [servers], action: connect:ssh, at: "2026-11-27T20:59:59Z", expect: deny, rule: default }
  - { from: spiffe://fleet/node/a, groups: [ops], toGroups: [servers], action: connect:ssh, at: "2026-11-28T05:59+01:00", expect: allow }
  - { from: spiffe://fleet/node/a, groups: [ops], toGroups: [servers], action: connect:ssh, at: "2026-11-28T06:00+01:00", expect: deny }
  - { from: spiffe://fleet/node/a, groups: [ops], toGroups: [servers], action: connect:ssh, at: "2026-11-28T22:30+01:00", expect: deny }
  - { from: spiffe://fleet/node/a, action: connect:ssh, at: "2026-11-27T21:00:00Z", expect: allow }
  - { from: spiffe://fleet/node/a, groups: [ops], toGroups: [servers], action: connect:ssh, at: "2026-11-27T21:00:00Z", expect: allow, rule: default }
`

  it('pass where the rules say what they expect, and fail where they do not or another rule decides', () => {
    assert.deepEqual(
      runPolicyTests(readPolicy(text, 'f')).map(
        ({ passed, decision, test }) => `${test.line} ${passed} ${decision.effect} ${decision.rule}`,
      ),
      [
        '7 true allow night',
        '8 true deny default',
        '9 true allow night',
        '10 true deny default',
        '11 true deny default',
        '12 false deny default',
        '13 false allow night',
      ],
    )
  })

  it('take times as RFC 3339 has them', () => {
    assert.equal(parseTime('2026-11-25T10:00:00Z'), Date.UTC(2026, 10, 25, 10))
    assert.equal(parseTime('2026-11-25T10:00+01:00'), Date.UTC(2026, 10, 25, 9))
    for (const text of ['2026-11-25', '2026-11-25T10:00', 'now', '1', '2026-13-01T00:00Z', '2026-11-25T10:00:00z '])
      assert.equal(parseTime(text), undefined, text)
  })
})
