import assert from 'node:assert/strict'
import { before, type TestContext, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { NetworkHome } from '../../src/node/network-home.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { Store } from '../../src/store/store.ts'
import type { Admission } from '../../src/trust/applicant.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { Membership } from '../../src/trust/membership.ts'
import { SHELVES } from '../../src/trust/shelf-names.ts'
import { NATIVE } from '../crypto/backends.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { credentialFor, DAY, founderOf, networkOf, revocationFor, someone } from '../trust/people.ts'

let anna: NodeIdentity
let bert: NodeIdentity
let node: NodeIdentity
let first: Genesis
let second: Genesis

before(async () => {
  ;[anna, bert, node] = await Promise.all([someone(), someone(), someone()])
  first = networkOf([founderOf(anna, 'anna')])
  second = networkOf([founderOf(bert, 'bert')], { name: 'other' })
})

async function newStore(t: TestContext): Promise<Store> {
  const store = await Store.open(await temporaryFolder(t))
  t.after(() => store.close())
  return store
}

const open = (store: Store): Promise<NetworkHome> =>
  NetworkHome.open({
    crypto: NATIVE,
    identity: node,
    clock: systemClock,
    random: systemRandom,
    store,
    onDamaged: () => undefined,
  })

async function admissionTo(genesis: Genesis, issuer: NodeIdentity): Promise<Admission & { readonly credential: Uint8Array }> {
  const now = Date.now()
  const { bytes: credential } = await credentialFor(issuer, genesis, node.x0Id, { notBefore: now, notAfter: now + DAY })
  const judgement = new Membership({ backend: NATIVE, genesis }).judge({ x0Id: node.x0Id, credential }, now)
  assert.ok('standing' in judgement)
  return { genesis, credential, standing: judgement.standing }
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

test('a place that was left writes nothing into the network that came after it', async (t) => {
  const store = await newStore(t)
  const home = await open(store)
  const [here, there] = await Promise.all([admissionTo(first, anna), admissionTo(second, bert)])
  const left = await home.enter(here, [])
  await left.membership.take((await revocationFor(anna, first, bert.x0Id)).bytes)
  await home.forget()
  assert.equal(left.credential(), undefined)
  const place = await home.enter(there, [])
  await left.keepCredential(here.credential)
  await left.keepRevocation(bert.x0Id)
  await left.markSynced()
  assert.equal(hex(place.credential()), hex(there.credential))
  const again = (await open(store)).place()
  assert.equal(hex(again.credential()), hex(there.credential), 'nor on the disk')
  assert.deepEqual([again.damaged, again.membership.revocations().length], [false, 0])
})

test('what is asked of a place while its network is forgotten leaves no half of a network behind', async (t) => {
  const store = await newStore(t)
  const home = await open(store)
  const here = await admissionTo(first, anna)
  const place = await home.enter(here, [])
  await place.membership.take((await revocationFor(anna, first, bert.x0Id)).bytes)
  const keep = (): Promise<unknown>[] => [
    place.keepCredential(here.credential),
    place.keepRevocation(bert.x0Id),
    place.markSynced(),
  ]
  await Promise.all([...keep(), home.forget(), ...keep()])
  for (const name of [SHELVES.network, SHELVES.revocations])
    for await (const key of store.namespace(name).keys()) assert.fail(`${name}/${key} was left behind`)
  assert.equal((await open(store)).place().genesis, undefined)
})

test('a damaged revocation of a network that was left says nothing of the next one', async (t) => {
  const store = await newStore(t)
  await (await open(store)).enter(await admissionTo(first, anna), [])
  await store.namespace(SHELVES.revocations).put('ab', Uint8Array.of(1), { sync: true })
  const home = await open(store)
  assert.equal(home.place().damaged, true)
  await home.forget()
  assert.equal((await home.found({ name: 'mine' })).damaged, false)
})
