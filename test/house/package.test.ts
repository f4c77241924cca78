import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')

describe('the published package', () => {
  it('holds what it needs and runs without the sources', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'x0-package-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const pack = spawnSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    assert.equal(pack.status, 0, pack.stderr)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
    // As npm would lay it out: below node_modules, where Node.js strips no types, its dependencies beside it.
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, 'x0tta6bl4'), { recursive: true })
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name !== '.bin') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    const untar = spawnSync('tar', ['-xzf', join(folder, tarball), '-C', join(modules, 'x0tta6bl4'), '--strip-components=1'])
    assert.equal(untar.status, 0, String(untar.stderr))

    const files = readdirSync(join(modules, 'x0tta6bl4'), { recursive: true, encoding: 'utf8' })
    for (const needed of ['LICENSE', 'bin/x0', 'bin/node', 'dist/cli/main.js']) assert.ok(files.includes(needed), needed)
    assert.deepEqual(
      files.filter((file) => /^(src|test|scripts|node_modules)\b|\.ts$/.test(file)),
      [],
    )
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const left = /['"]\.{1,2}\/[^'"]*\.ts['"]/.exec(readFileSync(join(modules, 'x0tta6bl4', file), 'utf8'))
      assert.equal(left, null, `${file} names a source file: ${left?.[0]}`)
    }

    const x0 = (...args: string[]) =>
      spawnSync(process.execPath, [join(modules, 'x0tta6bl4', 'bin', 'x0'), ...args], { cwd: folder, encoding: 'utf8' })
    const version = x0('version', '--quiet')
    assert.deepEqual([version.status, version.stderr], [0, ''])
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    assert.equal(version.stdout, `${manifest.version}\n`)
    const schema = x0('config', 'schema')
    assert.deepEqual([schema.status, schema.stderr], [0, ''])
  })
})
