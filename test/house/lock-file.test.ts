import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

interface Entry {
  readonly version?: string
  readonly link?: boolean
  readonly optional?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const ROOT = join(import.meta.dirname, '..', '..')
const read = (file: string): unknown => JSON.parse(readFileSync(join(ROOT, file), 'utf8'))
const manifest = read('package.json') as Entry
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Entry>> }

describe('the lock file', () => {
  // npm leaves out what its registry does not have, also what only other platforms need, and then `npm ci` refuses a clone.
  it('holds the packages of every platform', () => {
    const missing = Object.entries(packages).flatMap(([folder, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => !(`node_modules/${name}` in packages) && !(`${folder}/node_modules/${name}` in packages))
        .map((name) => `${name} of ${folder}`),
    )
    assert.deepEqual(missing, [])
  })

  it('has the exact versions that package.json names', () => {
    const named = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
    for (const [name, version] of Object.entries(named)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned`)
      assert.equal(packages[`node_modules/${name}`]?.version, version, name)
    }
  })

  it('names no registry', () => {
    assert.doesNotMatch(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), /"resolved": "https?:/)
  })
})
