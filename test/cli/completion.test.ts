import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { x0 } from './fake-node.ts'

const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

describe('completion scripts', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`parse in ${shell}`, { skip: !installed(shell) && `${shell} is not installed` }, async () => {
      const { code, out } = await x0(['completion', shell])
      assert.equal(code, 0)
      const { status, stderr } = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' })
      assert.deepEqual([status, stderr], [0, ''])
    })
  }

  for (const shell of ['zsh', 'fish']) {
    it(`name every command and quote every description for ${shell}`, async () => {
      const { out } = await x0(['completion', shell])
      for (const word of ['handshake', 'completion', 'schema', 'level']) assert.ok(out.includes(word), word)
      assert.equal((out.match(/'/g)?.length ?? 0) % 2, 0)
    })
  }

  const complete = async (...words: string[]): Promise<string[]> => {
    const { out } = await x0(['completion', 'bash'])
    const line = words.map((word) => `'${word}'`).join(' ')
    const script = `${out}\nCOMP_WORDS=(${line})\nCOMP_CWORD=${words.length - 1}\n_x0\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`
    const { stdout, status, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.trimEnd().split('\n')
  }

  it('complete commands, subcommands and flags in bash', { skip: !installed('bash') && 'bash is not installed' }, async () => {
    assert.deepEqual(await complete('x0', 'pe'), ['peers', 'peer', 'pending'])
    assert.deepEqual((await complete('x0', 'config', '')).slice(0, 3), ['show', 'test', 'schema'])
    assert.deepEqual(await complete('x0', '--home', '/srv', 'config', 'show', '--o'), ['--origin'])
    assert.deepEqual(await complete('x0', 'wait', '--p'), ['--peers'])
    assert.deepEqual(await complete('x0', 'peers', '--js'), ['--json'])
  })
})
