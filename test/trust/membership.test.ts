import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { MAX_REVOCATIONS_PER_MEMBER, MAX_STANDINGS } from '../../src/trust/limits.ts'
import { type Judgement, Membership } from '../../src/trust/membership.ts'
import type { Revocation } from '../../src/trust/revocation.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { credentialFor, DAY, flipped, founderOf, MINUTE, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

let anna: NodeIdentity
let bert: NodeIdentity
let node: NodeIdentity
let stranger: NodeIdentity
let genesis: Genesis

before(async () => {
  ;[anna, bert, node, stranger] = await Promise.all([someone(), someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna', { groups: ['ops'], weight: 3 }), founderOf(bert, 'bert')])
})

const membership = (of: Genesis = genesis, revocations: Iterable<Revocation> = []): Membership =>
  new Membership({ backend: NATIVE, genesis: of, revocations })

const openNetwork = (): Membership => new Membership({ backend: NATIVE, genesis: undefined })

const refusalOf = (judgement: Judgement): string | undefined => ('refusal' in judgement ? judgement.refusal : undefined)

test('a founder is a member without a credential, by its name in the genesis', () => {
  const members = membership()
  const judgement = members.judge({ x0Id: anna.x0Id, credential: undefined }, NOW)
  assert.deepEqual(judgement, {
    standing: {
      x0Id: formatX0Id(anna.x0Id),
      kind: 'member',
      name: 'anna',
      spiffeId: 'spiffe://fleet.example/node/anna',
      groups: ['ops'],
      issuer: undefined,
      expiresAt: undefined,
      serial: undefined,
    },
  })
  assert.deepEqual(
    members.members().map(({ x0Id, name, weight }) => [x0Id, name, weight]),
    [
      [formatX0Id(anna.x0Id), 'anna', 3],
      [formatX0Id(bert.x0Id), 'bert', 1],
    ],
  )
  assert.equal(members.isMember(bert.x0Id), true)
  assert.equal(members.isMember(node.x0Id), false)
})

test('a credential of a member gives a name, groups and an end', async () => {
  const credential = await credentialFor(bert, genesis, node.x0Id)
  const judgement = membership().judge({ x0Id: node.x0Id, credential: credential.bytes }, NOW)
  assert.deepEqual(judgement, {
    standing: {
      x0Id: formatX0Id(node.x0Id),
      kind: 'credential',
      name: 'laptop',
      spiffeId: 'spiffe://fleet.example/node/laptop',
      groups: ['edge', 'lab'],
      issuer: formatX0Id(bert.x0Id),
      expiresAt: NOW + 30 * DAY,
      serial: Buffer.from(credential.serial).toString('hex'),
    },
  })
})

test('the first thing that is wrong is what is told, and the signature is the last thing looked at', async () => {
  const elsewhere = networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' })
  const past = { notBefore: NOW - 10 * DAY, notAfter: NOW - DAY }
  const future = { notBefore: NOW + DAY, notAfter: NOW + 2 * DAY }
  const forged = async (...given: Parameters<typeof credentialFor>): Promise<Uint8Array> => {
    const { bytes } = await credentialFor(...given)
    return flipped(bytes, bytes.length - 1)
  }
  const everythingWrong = await forged(stranger, elsewhere, bert.x0Id, past)
  const cases: [string, Uint8Array | undefined, Uint8Array | undefined][] = [
    ['not-admitted', undefined, (await credentialFor(anna, genesis, node.x0Id)).bytes],
    ['not-admitted', node.x0Id, undefined],
    ['credential-malformed', node.x0Id, everythingWrong.subarray(1)],
    ['credential-foreign', node.x0Id, everythingWrong],
    ['credential-mismatch', node.x0Id, await forged(stranger, genesis, bert.x0Id, past)],
    ['issuer-unknown', node.x0Id, await forged(stranger, genesis, node.x0Id, past)],
    ['credential-expired', node.x0Id, await forged(anna, genesis, node.x0Id, past)],
    ['credential-early', node.x0Id, await forged(anna, genesis, node.x0Id, future)],
    ['credential-forged', node.x0Id, await forged(anna, genesis, node.x0Id)],
  ]
  for (const [code, x0Id, credential] of cases) {
    assert.equal(refusalOf(membership().judge({ x0Id, credential }, NOW)), code)
  }
  const revoked = membership(genesis, [await revocationFor(anna, genesis, node.x0Id)])
  for (const [, , credential] of cases) assert.equal(refusalOf(revoked.judge({ x0Id: node.x0Id, credential }, NOW)), 'revoked')
})

test('a credential holds from 2 minutes before its beginning to 2 minutes after its end, and at no other time', async (t) => {
  const [from, to] = [NOW, NOW + DAY]
  const { bytes } = await credentialFor(anna, genesis, node.x0Id, { notBefore: from, notAfter: to })
  const members = membership()
  const edges = [from - 2 * MINUTE - 1, from - 2 * MINUTE, to + 2 * MINUTE - 1, to + 2 * MINUTE].map((now) => fc.constant(now))
  const times = fc.oneof(...edges, fc.integer({ min: from - DAY, max: to + DAY }))
  fc.assert(
    fc.property(times, (now) => {
      const refusal = refusalOf(members.judge({ x0Id: node.x0Id, credential: bytes }, now))
      if (now < from - 2 * MINUTE) assert.equal(refusal, 'credential-early')
      else if (now >= to + 2 * MINUTE) assert.equal(refusal, 'credential-expired')
      else assert.equal(refusal, undefined)
    }),
    seeded(t, 300),
  )
})

test('an admitted standing is remembered until it expires or is revoked; one that was refused changes nothing', async () => {
  const members = membership()
  const text = formatX0Id(node.x0Id)
  const { bytes } = await credentialFor(anna, genesis, node.x0Id, { notAfter: NOW + DAY })
  assert.equal(members.standingOf(text, NOW), undefined)
  members.judge({ x0Id: node.x0Id, credential: bytes }, NOW)
  members.judge({ x0Id: anna.x0Id, credential: undefined }, NOW)
  members.judge({ x0Id: node.x0Id, credential: undefined }, NOW)
  assert.equal(members.standingOf(text, NOW)?.name, 'laptop')
  assert.deepEqual(
    members.standings(NOW).map(({ name }) => name),
    ['laptop', 'anna'],
  )
  assert.equal(members.standingOf(text, NOW + DAY + 2 * MINUTE - 1)?.name, 'laptop')
  assert.equal(members.standingOf(text, NOW + DAY + 2 * MINUTE), undefined)
  assert.deepEqual(
    members.standings(NOW + DAY + 2 * MINUTE).map(({ name }) => name),
    ['anna'],
  )
  assert.equal((await members.take((await revocationFor(bert, genesis, node.x0Id)).bytes)).verdict, 'new')
  assert.equal(members.standingOf(text, NOW), undefined)
})

test('the open network admits every node that has proved an x0 id, and gives nobody a name', async () => {
  const open = openNetwork()
  const { bytes } = await credentialFor(anna, genesis, node.x0Id)
  for (const credential of [undefined, bytes, new Uint8Array(3)]) {
    const judgement = open.judge({ x0Id: node.x0Id, credential }, NOW)
    assert.ok('standing' in judgement)
    assert.equal(judgement.standing.kind, 'open')
    assert.equal(judgement.standing.name, undefined)
    assert.deepEqual(judgement.standing.groups, [])
  }
  assert.equal(refusalOf(open.judge({ x0Id: undefined, credential: undefined }, NOW)), 'not-admitted')
  assert.deepEqual(open.members(), [])
  assert.equal((await open.take((await revocationFor(anna, genesis, node.x0Id)).bytes)).verdict, 'foreign')
})

test('in a network with open admission a credential gives a name and nothing else; revoked keys stay out', async () => {
  const open = networkOf([founderOf(anna, 'anna')], { admission: 'open' })
  const members = membership(open)
  const text = formatX0Id(node.x0Id)
  const good = await credentialFor(anna, open, node.x0Id, { notAfter: NOW + DAY })
  const named = members.judge({ x0Id: node.x0Id, credential: good.bytes }, NOW)
  assert.ok('standing' in named)
  assert.deepEqual([named.standing.kind, named.standing.name, named.standing.groups], ['open', 'laptop', ['edge', 'lab']])
  // the end of the credential is the end of the name
  assert.deepEqual(
    [members.standingOf(text, NOW + 2 * DAY)?.kind, members.standingOf(text, NOW + 2 * DAY)?.name],
    ['open', undefined],
  )
  for (const credential of [undefined, flipped(good.bytes, good.bytes.length - 1)]) {
    const judgement = members.judge({ x0Id: node.x0Id, credential }, NOW)
    assert.ok('standing' in judgement)
    assert.deepEqual([judgement.standing.kind, judgement.standing.name], ['open', undefined])
  }
  const founder = members.judge({ x0Id: anna.x0Id, credential: undefined }, NOW)
  assert.equal('standing' in founder && founder.standing.kind, 'member')
  await members.take((await revocationFor(anna, open, node.x0Id)).bytes)
  assert.equal(refusalOf(members.judge({ x0Id: node.x0Id, credential: good.bytes }, NOW)), 'revoked')
})

test('a credential that was checked once costs no signature again; one that is forged is checked each time', async () => {
  let checks = 0
  const counting: CryptoBackend = {
    ...NATIVE,
    importMlDsa65Public(publicKey) {
      const key = NATIVE.importMlDsa65Public(publicKey)
      return {
        ...key,
        verifyNow: (...given) => {
          checks += 1
          return key.verifyNow(...given)
        },
      }
    },
  }
  const members = new Membership({ backend: counting, genesis })
  const { bytes } = await credentialFor(anna, genesis, node.x0Id)
  for (let round = 0; round < 5; round += 1) members.judge({ x0Id: node.x0Id, credential: bytes }, NOW)
  assert.equal(checks, 1)
  // the first byte of the lattice half
  const forged = flipped(bytes, bytes.length - 3373)
  for (let round = 0; round < 3; round += 1) members.judge({ x0Id: node.x0Id, credential: forged }, NOW)
  assert.equal(checks, 4)
  members.judge({ x0Id: node.x0Id, credential: bytes }, NOW)
  assert.equal(checks, 4)
})

test('who has no name is judged and not remembered: any number of strangers push nobody out', async () => {
  const open = networkOf([founderOf(anna, 'anna')], { admission: 'open' })
  for (const members of [openNetwork(), membership(open)]) {
    const { bytes: credential } = await credentialFor(anna, open, node.x0Id)
    members.judge({ x0Id: node.x0Id, credential }, NOW)
    for (let index = 0; index < MAX_STANDINGS + 10; index += 1) {
      const x0Id = new Uint8Array(32)
      new DataView(x0Id.buffer).setUint32(0, index)
      assert.ok('standing' in members.judge({ x0Id, credential: undefined }, NOW))
    }
    const names = members.standings(NOW).map(({ name }) => name)
    assert.deepEqual(names, members.genesis === undefined ? [] : ['laptop'])
  }
})

test('revocations are refused for their reason before any signature is looked at', async () => {
  const members = membership()
  const elsewhere = networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' })
  const verdict = async (revocation: Promise<Revocation>): Promise<string> =>
    (await members.take((await revocation).bytes)).verdict
  assert.equal(await verdict(revocationFor(anna, elsewhere, node.x0Id)), 'foreign')
  assert.equal(await verdict(revocationFor(anna, genesis, bert.x0Id)), 'protected')
  assert.equal(await verdict(revocationFor(anna, genesis, anna.x0Id)), 'protected')
  assert.equal(await verdict(revocationFor(node, genesis, bert.x0Id)), 'protected')
  assert.equal(await verdict(revocationFor(node, genesis, stranger.x0Id)), 'not-a-member')
  assert.equal((await members.take(new Uint8Array(5))).verdict, 'malformed')
  assert.deepEqual(members.revocations(), [])
  const good = await revocationFor(bert, genesis, node.x0Id)
  const taken = await members.take(good.bytes)
  assert.equal(taken.verdict, 'new')
  assert.ok('revocation' in taken)
  assert.deepEqual(Buffer.from(taken.revocation.subject), Buffer.from(node.x0Id))
  assert.equal((await members.take(good.bytes)).verdict, 'known')
  assert.equal(members.revocationOf(node.x0Id)?.reason, 'stolen')
  assert.equal(members.revocationOf(stranger.x0Id), undefined)
  assert.throws(() => membership(elsewhere, [good]), trustCode('bad-revocation'))
})

test('two takes of one revocation at the same time are one new and one known', async () => {
  const members = membership()
  const { bytes } = await revocationFor(anna, genesis, node.x0Id)
  const verdicts = (await Promise.all([members.take(bytes), members.take(bytes)])).map(({ verdict }) => verdict)
  assert.deepEqual(verdicts.sort(), ['known', 'new'])
})

test('revocations heard in any order, and any number of times, leave every node with the same ones and one digest', async (t) => {
  const subjects = Array.from({ length: 4 }, (_, index) => new Uint8Array(32).fill(index + 1))
  const all: Revocation[] = []
  for (const subject of subjects) {
    for (const issuer of [anna, bert]) {
      for (const reason of ['lost', 'stolen']) all.push(await revocationFor(issuer, genesis, subject, reason))
    }
  }
  const orders = fc.array(fc.nat(all.length - 1), { minLength: 1, maxLength: 40 })
  const outcome = async (order: readonly number[]): Promise<{ digest: string; ids: string[] }> => {
    const members = membership()
    for (const index of order) await members.take((all[index] as Revocation).bytes)
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    return { digest: hex(members.digest()), ids: members.revocations().map(({ id }) => hex(id)) }
  }
  const lowest = (order: readonly number[]): string[] =>
    subjects.flatMap((subject) => {
      const heard = [...new Set(order)].flatMap((index) => all[index] ?? [])
      const ids = heard
        .filter((one) => Buffer.compare(one.subject, subject) === 0)
        .map(({ id }) => Buffer.from(id).toString('hex'))
      return ids.sort().slice(0, 1)
    })
  await fc.assert(
    fc.asyncProperty(orders, fc.nat(), async (order, turn) => {
      const first = await outcome(order)
      const rotated = [...order.slice(turn % order.length), ...order.slice(0, turn % order.length)]
      assert.deepEqual(await outcome(rotated), first)
      assert.deepEqual(await outcome([...order].reverse()), first)
      assert.deepEqual(await outcome([...order, ...order]), first)
      assert.deepEqual(first.ids, lowest(order))
    }),
    seeded(t, 15),
  )
})

test('the digest is of who is revoked, not of what was written about it', async () => {
  const [byAnna, byBert] = await Promise.all([revocationFor(anna, genesis, node.x0Id), revocationFor(bert, genesis, node.x0Id)])
  const other = await revocationFor(anna, genesis, stranger.x0Id)
  const digest = (...revocations: Revocation[]): string => Buffer.from(membership(genesis, revocations).digest()).toString('hex')
  assert.equal(digest(byAnna), digest(byBert))
  assert.notEqual(digest(byAnna), digest(other))
  assert.notEqual(digest(byAnna), digest(byAnna, other))
  assert.equal(digest(other, byAnna), digest(byBert, other))
  assert.equal(digest(), Buffer.from(NATIVE.sha256()).toString('hex'))
})

test('a member that has revoked its share revokes no more, and takes nothing from the share of another', async () => {
  const template = await revocationFor(anna, genesis, node.x0Id)
  const made = Array.from({ length: MAX_REVOCATIONS_PER_MEMBER }, (_, index): Revocation => {
    const subject = new Uint8Array(32)
    new DataView(subject.buffer).setUint32(0, index + 1)
    return { ...template, subject, id: NATIVE.sha256(subject) }
  })
  const members = membership(genesis, made)
  assert.equal((await members.take((await revocationFor(anna, genesis, stranger.x0Id)).bytes)).verdict, 'full')
  assert.equal((await members.take((await revocationFor(bert, genesis, stranger.x0Id)).bytes)).verdict, 'new')
  assert.throws(() => membership(genesis, [...made, template]), trustCode('bad-revocation'))
})
