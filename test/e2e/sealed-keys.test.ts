import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { launch, start, temporaryFolder, x0 } from './daemon.ts'

test('sealed keys open with their passphrase from a variable or a file, and with nothing else', {
  timeout: 120_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  const home = join(folder, 'home')
  const file = join(folder, 'passphrase')
  const passphrase = 'vier Pferde auf dem Flüsschen'
  await writeFile(file, `${passphrase}\n`, { mode: 0o600 })
  const made = await x0(['init', '--home', home, '--json', '--passphrase-file', file])
  assert.equal(made.code, 0, made.stderr)
  const { x0Id }: { x0Id: string } = JSON.parse(made.stdout)
  assert.match(await readFile(join(home, 'keys', 'node.keys'), 'utf8'), /^seal: argon2id/m)

  const without = await launch(t, { home })
  assert.equal(await without.ended(), 5)
  assert.match(without.stderr(), /sealed with a passphrase.*--passphrase-file.*X0_PASSPHRASE/s)

  const wrong = await launch(t, { home, env: { X0_PASSPHRASE: 'vier Pferde auf dem Fluss' } })
  assert.equal(await wrong.ended(), 5)
  assert.match(wrong.stderr(), /this passphrase does not open the node keys/i)
  assert.doesNotMatch(wrong.stderr(), /Pferde|^\s+at /m, 'no secret, no stack trace')

  const byVariable = await start(t, { home, env: { X0_PASSPHRASE: passphrase } })
  assert.equal(byVariable.api.x0Id, x0Id)
  assert.equal((await byVariable.run('status')).code, 0, 'commands need no passphrase')
  assert.ok(!`${byVariable.stdout()}${byVariable.stderr()}`.includes(passphrase))
  assert.equal(await byVariable.end(), 0)

  const byFile = await start(t, { home, flags: ['--passphrase-file', file] })
  assert.equal(byFile.api.x0Id, x0Id)
  assert.equal(await byFile.end(), 0)

  await writeFile(join(home, 'config.yaml'), 'security: { passphraseFile: ../passphrase }\n')
  const bySetting = await start(t, { home })
  assert.equal(bySetting.api.x0Id, x0Id)
})

test('a first run with a passphrase seals the keys that it makes', { timeout: 90_000 }, async (t) => {
  const node = await start(t, { env: { X0_PASSPHRASE: 'a first run' } })
  assert.match(await readFile(join(node.home, 'keys', 'node.keys'), 'utf8'), /^seal: argon2id/m)
})
