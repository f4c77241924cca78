import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { cliMarkdown, leaves } from '../../scripts/cli-docs.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { x0 } from './fake-node.ts'

const program = buildProgram({ env: {}, interactive: false, out: () => undefined, err: () => undefined })

it('docs/cli.md tells of every command, and of no other', () => {
  const written = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8')
  assert.equal(written, cliMarkdown(program), 'stale: run `bin/node scripts/make-cli-docs.ts`')
  const documented = [...written.matchAll(/^### `x0 ([a-z ]+?)(?: [[<].*)?`$/gm)].map((match) => match[1])
  assert.deepEqual(
    documented,
    leaves(program, []).map(([path]) => path),
  )
})

it('every command has the promised name and answers --help', async () => {
  const promised = [
    ...['init', 'run', 'self', 'status', 'peers', 'peer add', 'peer rm', 'peer block', 'peer unblock', 'peer blocked'],
    ...['ping', 'handshake', 'wait', 'network create', 'network show', 'invite', 'invites list', 'invites withdraw', 'join'],
    ...['leave', 'pending list', 'pending accept', 'pending ignore', 'members', 'credential show', 'credential renew'],
    ...['credential revoke', 'credential revocations', 'credential rotate', 'policy test', 'policy show', 'policy explain'],
    ...['audit show', 'audit export', 'audit verify', 'config show', 'config test', 'config schema'],
    ...['events', 'log level', 'metrics', 'user add', 'user list', 'user rm', 'user scopes', 'user password'],
    ...['token create', 'token list', 'token revoke', 'completion', 'version'],
  ]
  assert.deepEqual(
    leaves(program, []).map(([path]) => path),
    promised,
  )
  for (const path of promised) {
    const { code, out } = await x0([...path.split(' '), '--help'])
    assert.equal(code, 0)
    assert.ok(out.startsWith(`Usage: x0 ${path} `), path)
    for (const flag of ['--home', '--api', '--timeout', '--json', '--quiet', '--no-color']) assert.ok(out.includes(flag), flag)
  }
})
