import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { IdentityError, type IdentityErrorCode } from '../../src/identity/identity-error.ts'
import { type KeyDisk, systemKeyDisk } from '../../src/identity/key-disk.ts'
import { decodeKeyFile, encodeKeyFile, type KeySeal } from '../../src/identity/key-file.ts'
import { type KeyStore, openKeyStore } from '../../src/identity/key-store.ts'
import { generateNodeSeeds, nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { BACKENDS, NATIVE, PORTABLE } from '../crypto/backends.ts'

/** The least that the bounds allow, so that the tests spend their time elsewhere. */
const CHEAP = { memoryKib: 8192, passes: 1, parallelism: 1 }
const SEAL: KeySeal = { passphrase: 'correct horse', cost: CHEAP }

async function newHome(t: TestContext): Promise<{ home: string; file: string; store: KeyStore }> {
  const home = await mkdtemp(join(tmpdir(), 'x0-keys-'))
  t.after(() => rm(home, { recursive: true }))
  return { home, file: join(home, 'keys', 'node.keys'), store: storeAt(home) }
}

function storeAt(home: string, disk?: KeyDisk): KeyStore {
  return openKeyStore({ backend: NATIVE, random: systemRandom, home, ...(disk === undefined ? {} : { disk }) })
}

const fails =
  (code: IdentityErrorCode, hint = /./) =>
  (error: unknown) =>
    error instanceof IdentityError && error.code === code && hint.test(error.message)

test('keys outlive the process, in files that nobody else may read', async (t) => {
  const { home, file, store } = await newHome(t)
  assert.equal(await store.exists(), false)
  const made = await store.create()
  assert.equal(await store.exists(), true)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal((await stat(join(home, 'keys'))).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(join(home, 'keys')), ['node.keys'])
  const loaded = await storeAt(home).load()
  assert.equal(formatX0Id(loaded.x0Id), formatX0Id(made.x0Id))
  assert.equal(loaded.peerId, made.peerId)
})

test('missing keys and existing keys are told apart and never overwritten', async (t) => {
  const { file, store } = await newHome(t)
  await assert.rejects(store.load(), fails('key-file-missing', /x0 init/))
  await store.create()
  const before = await readFile(file)
  await assert.rejects(store.create(), fails('key-file-exists'))
  assert.deepEqual(await readFile(file), before)
})

test('of two that create at the same time, one wins and its keys stay', async (t) => {
  const { home, store } = await newHome(t)
  const results = await Promise.allSettled([store.create(), storeAt(home).create()])
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [formatX0Id(result.value.x0Id)] : []))
  assert.equal(made.length, 1)
  assert.deepEqual(made, [formatX0Id((await store.load()).x0Id)])
})

test('files or folders that others may read are refused with what to do', async (t) => {
  const { home, file, store } = await newHome(t)
  await store.create()
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644]) {
    await chmod(file, mode)
    await assert.rejects(store.load(), fails('key-file-exposed', /chmod 600/), mode.toString(8))
  }
  await chmod(file, 0o600)
  await chmod(join(home, 'keys'), 0o755)
  await assert.rejects(store.load(), fails('key-file-exposed', /chmod 700/))
  await chmod(join(home, 'keys'), 0o700)
  await chmod(file, 0o400)
  assert.equal((await store.load()).x0Id.length, 32)
})

test('a sealed file opens with its passphrase alone, and shows no seed', async (t) => {
  const { file, store } = await newHome(t)
  const made = await store.create(SEAL)
  assert.match(
    await readFile(file, 'utf8'),
    /^x0-node-keys\/1\nseal: argon2id chacha20-poly1305\nmemory-kib: 8192\npasses: 1\nparallelism: 1\n/,
  )
  assert.equal((await store.load(SEAL.passphrase)).peerId, made.peerId)
  await assert.rejects(store.load(), fails('passphrase-needed'))
  await assert.rejects(store.load('correct horsf'), fails('passphrase-wrong'))
  await assert.rejects(store.load(''), fails('passphrase-unfit'))
  await assert.rejects(store.load('x'.repeat(1025)), fails('passphrase-unfit'))
})

test('a passphrase is the same however its letters are composed', async () => {
  const seeds = generateNodeSeeds(systemRandom)
  const text = await encodeKeyFile(NATIVE, systemRandom, seeds, { passphrase: 'caf\u00e9', cost: CHEAP })
  assert.deepEqual(Buffer.from((await decodeKeyFile(PORTABLE, text, 'cafe\u0301')).ed25519), Buffer.from(seeds.ed25519))
})

test('keys are sealed, sealed anew and unsealed in place', async (t) => {
  const { home, file, store } = await newHome(t)
  const { peerId } = await store.create()
  await store.reseal(undefined, SEAL)
  assert.equal((await store.load(SEAL.passphrase)).peerId, peerId)
  await assert.rejects(store.reseal('wrong', undefined), fails('passphrase-wrong'))
  await store.reseal(SEAL.passphrase, { ...SEAL, passphrase: 'battery staple' })
  await assert.rejects(store.load(SEAL.passphrase), fails('passphrase-wrong'))
  await store.reseal('battery staple', undefined)
  assert.equal((await store.load()).peerId, peerId)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(home, 'keys')), ['node.keys'])
})

test('rotation keeps the old keys under their name', async (t) => {
  const { home, store } = await newHome(t)
  const old = await store.create()
  const seeds = generateNodeSeeds(systemRandom)
  const next = await store.rotate(undefined, seeds, SEAL)
  assert.equal(next.peerId, (await nodeIdentityFromSeeds(NATIVE, seeds)).peerId)
  assert.equal((await store.load(SEAL.passphrase)).peerId, next.peerId)
  const retired = `retired-${formatX0Id(old.x0Id)}.keys`
  assert.deepEqual((await readdir(join(home, 'keys'))).sort(), ['node.keys', retired])
  const kept = await decodeKeyFile(NATIVE, await readFile(join(home, 'keys', retired), 'latin1'), undefined)
  assert.equal((await nodeIdentityFromSeeds(NATIVE, kept)).peerId, old.peerId)
  assert.equal((await stat(join(home, 'keys', retired))).mode & 0o777, 0o600)
})

test('a file cut at any byte, or longer, is damaged, never a wrong passphrase', async () => {
  for (const seal of [undefined, SEAL]) {
    const text = await encodeKeyFile(NATIVE, systemRandom, generateNodeSeeds(systemRandom), seal)
    for (let length = 0; length < text.length; length++) {
      await assert.rejects(decodeKeyFile(NATIVE, text.slice(0, length), 'any'), fails('key-file-damaged'), `${length} bytes`)
    }
    await assert.rejects(decodeKeyFile(NATIVE, `${text}\n`, 'any'), fails('key-file-damaged'))
  }
})

test('a file with any byte changed is damaged or of another version', async () => {
  for (const seal of [undefined, SEAL]) {
    const text = await encodeKeyFile(NATIVE, systemRandom, generateNodeSeeds(systemRandom), seal)
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1)
      const told = (error: unknown): boolean =>
        fails('key-file-damaged')(error) || (at === 'x0-node-keys/'.length && fails('key-file-version')(error))
      await assert.rejects(decodeKeyFile(NATIVE, changed, 'any'), told, `byte ${at}`)
    }
  }
})

test('another version says so', async () => {
  const text = await encodeKeyFile(NATIVE, systemRandom, generateNodeSeeds(systemRandom))
  await assert.rejects(decodeKeyFile(NATIVE, text.replace('keys/1', 'keys/2'), undefined), fails('key-file-version', /format 2/))
})

test('a planted file cannot ask for more memory or time than the bounds', async () => {
  const text = await encodeKeyFile(NATIVE, systemRandom, generateNodeSeeds(systemRandom), SEAL)
  for (const [from, to] of [
    ['memory-kib: 8192', 'memory-kib: 4194304'],
    ['memory-kib: 8192', 'memory-kib: 8'],
    ['passes: 1', 'passes: 17'],
    ['passes: 1', 'passes: 0'],
    ['parallelism: 1', 'parallelism: 17'],
  ] as const) {
    await assert.rejects(
      decodeKeyFile(NATIVE, checked(text.replace(from, to)), SEAL.passphrase),
      fails('key-file-damaged', /outside/),
      to,
    )
  }
  // within the bounds the seal itself notices: the header is its associated data
  await assert.rejects(
    decodeKeyFile(NATIVE, checked(text.replace('passes: 1', 'passes: 2')), SEAL.passphrase),
    fails('passphrase-wrong'),
  )
})

test('well-formed files with other contents are damaged', async () => {
  const text = await encodeKeyFile(NATIVE, systemRandom, generateNodeSeeds(systemRandom), SEAL)
  for (const changed of [
    text.replace('seal: argon2id chacha20-poly1305', 'seal: rot13'),
    text.replace('passes: 1', 'passes: 01'),
    text.replace(/salt: .*/, 'salt: AAAA'),
    text.replace(/nonce: .*/, 'nonce: AAAB'),
    text.replace(/keys: .*/, 'keys: AAA'),
    text.replace(/keys: .*/, 'keys: AAB='),
  ]) {
    await assert.rejects(decodeKeyFile(NATIVE, checked(changed), SEAL.passphrase), fails('key-file-damaged'), changed)
  }
  const short = 'x0-node-keys/1\nseal: none\nkeys: AAAA\ncheck: 0\n'
  await assert.rejects(decodeKeyFile(NATIVE, checked(short), undefined), fails('key-file-damaged', /3 bytes/))
})

test('a huge file or a folder in its place is told, not read', async (t) => {
  const { file, store } = await newHome(t)
  await store.create()
  await writeFile(file, 'x'.repeat(100_000))
  await assert.rejects(store.load(), fails('key-file-damaged', /4096/))
  await rm(file)
  await assert.rejects(storeAt(join(file, 'nowhere')).load(), fails('key-file-missing'))
  await writeFile(join(file), '')
  await assert.rejects(storeAt(file).create(), fails('key-file-unreadable', /ENOTDIR/))
})

test('either backend reads what the other sealed', async () => {
  const seeds = generateNodeSeeds(systemRandom)
  for (const maker of BACKENDS) {
    const text = await encodeKeyFile(maker, systemRandom, seeds, SEAL)
    for (const reader of BACKENDS) {
      const read = await decodeKeyFile(reader, text, SEAL.passphrase)
      assert.deepEqual(
        [Buffer.from(read.ed25519), Buffer.from(read.mldsa65)],
        [Buffer.from(seeds.ed25519), Buffer.from(seeds.mldsa65)],
      )
    }
  }
})

class PowerCut extends Error {}

/** A real disk whose power fails at step `at`: before it, or (a torn write) in the middle of it. */
function failingDisk(at: number, torn: boolean): KeyDisk & { steps: number } {
  const step = async (run: () => Promise<void>, half?: () => Promise<void>): Promise<void> => {
    if (disk.steps++ < at) return await run()
    if (torn && half !== undefined && disk.steps === at + 1) await half()
    throw new PowerCut('power cut')
  }
  const disk: KeyDisk & { steps: number } = {
    ...systemKeyDisk,
    steps: 0,
    writeNew: (path, text) =>
      step(
        () => systemKeyDisk.writeNew(path, text),
        () => systemKeyDisk.writeNew(path, text.slice(0, text.length / 2)),
      ),
    link: (from, to) => step(() => systemKeyDisk.link(from, to)),
    rename: (from, to) => step(() => systemKeyDisk.rename(from, to)),
    remove: (path) => step(() => systemKeyDisk.remove(path)),
    syncFolder: (folder) => step(() => systemKeyDisk.syncFolder(folder)),
  }
  return disk
}

for (const torn of [false, true]) {
  test(`power cuts at every step of create${torn ? ', tearing the write' : ''}: no keys or whole keys, and the next start works`, async (t) => {
    for (let at = 0, done = false; !done; at++) {
      const { home, store } = await newHome(t)
      await systemKeyDisk.openFolder(join(home, 'keys'))
      done = await survives(() => storeAt(home, failingDisk(at, torn)).create())
      const identity = (await store.exists()) ? await store.load() : await store.create()
      assert.equal((await store.load()).peerId, identity.peerId, `step ${at}`)
      assert.ok(at < 20, 'create has an end')
    }
  })

  test(`power cuts at every step of rotate${torn ? ', tearing the write' : ''}: the old keys or the new, never none`, async (t) => {
    for (let at = 0, done = false; !done; at++) {
      const { home, store } = await newHome(t)
      const old = await store.create()
      const seeds = generateNodeSeeds(systemRandom)
      const next = await nodeIdentityFromSeeds(NATIVE, seeds)
      done = await survives(() => storeAt(home, failingDisk(at, torn)).rotate(undefined, seeds, undefined))
      const { peerId } = await store.load()
      assert.ok([old.peerId, next.peerId].includes(peerId), `step ${at}`)
      if (peerId === old.peerId) assert.equal((await store.rotate(undefined, seeds, undefined)).peerId, next.peerId)
      await store.reseal(undefined, undefined)
      const names = (await readdir(join(home, 'keys'))).sort()
      assert.deepEqual(names, ['node.keys', `retired-${formatX0Id(old.x0Id)}.keys`], `step ${at}: nothing is left lying about`)
      assert.ok(at < 20, 'rotate has an end')
    }
  })
}

/** Whether `run` got to its end before the power failed. */
async function survives(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run()
    return true
  } catch (error) {
    assert.ok(error instanceof IdentityError && error.cause instanceof PowerCut, String(error))
    return false
  }
}

/** The text with a checksum that holds, as somebody who plants a file would write it. */
function checked(text: string): string {
  const body = text.slice(0, text.lastIndexOf('check: '))
  return `${body}check: ${Buffer.from(NATIVE.sha256(new TextEncoder().encode(body))).toString('hex')}\n`
}
