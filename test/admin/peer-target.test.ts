import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeFault, type NodeFaultCode } from '../../src/admin/node-view.ts'
import { type KnownPeer, knownPeer, peerKeys, peerTarget } from '../../src/admin/peer-target.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'

const PEER_ID = '12D3KooWPLKt62de8oycrVAaPLWMiyQWWKKs36VowewYffixevuP'
const TWIN_ID = '12D3KooWSgNk181RurV3y3X2ttFLwEEMrky6hNgaGQKGtdyi481r'
const X0_ID = formatX0Id(new Uint8Array(32).fill(1))
const ADDRESS = '/ip4/127.0.0.1/tcp/9691'

const peer: KnownPeer = { peerId: PEER_ID, x0Id: X0_ID, addresses: [ADDRESS, '/ip4/10.0.0.1/tcp/1'] }
const twin: KnownPeer = { peerId: TWIN_ID, x0Id: undefined, addresses: [ADDRESS] }
const nameless: KnownPeer = { peerId: undefined, x0Id: undefined, addresses: [ADDRESS] }
const KNOWN = [nameless, peer, twin]

const fault = (code: NodeFaultCode) => (error: unknown) => error instanceof NodeFault && error.code === code

test('a known peer is found by either id, whole or by a beginning that is its own; the first address counts', () => {
  const expected = { address: ADDRESS, peerId: PEER_ID, x0Id: X0_ID, stated: false }
  for (const name of [PEER_ID, ` ${X0_ID}\n`, PEER_ID.slice(0, 12), X0_ID.slice(0, 8)])
    assert.deepEqual(peerTarget(name, KNOWN), expected, name)
})

test('a name that fits none, several, or a peer without an address', () => {
  assert.throws(() => peerTarget(TWIN_ID, [peer]), fault('peer-unknown'))
  // seven characters are too few to be a beginning
  assert.throws(() => peerTarget(X0_ID.slice(0, 7), KNOWN), fault('peer-unknown'))
  assert.throws(() => peerTarget(PEER_ID.slice(0, 8), KNOWN), fault('peer-ambiguous'))
  assert.throws(() => peerTarget('', KNOWN), fault('peer-unknown'))
  assert.throws(() => peerTarget(PEER_ID, [{ ...peer, addresses: [] }]), fault('unreachable'))
  // a whole id wins over another peer that begins alike
  assert.equal(peerTarget(PEER_ID, [peer, { ...twin, peerId: `${PEER_ID}x` }]).peerId, PEER_ID)
})

test('a line names a peer that need not be known, and states its x0 id', () => {
  assert.deepEqual(peerTarget(ADDRESS, []), { address: ADDRESS, peerId: undefined, x0Id: undefined, stated: false })
  assert.deepEqual(peerTarget(`${ADDRESS}/p2p/${PEER_ID}`, []), {
    address: ADDRESS,
    peerId: PEER_ID,
    x0Id: undefined,
    stated: false,
  })
  assert.deepEqual(peerTarget(`${ADDRESS}/p2p/${PEER_ID}#${X0_ID}`, [twin]), {
    address: ADDRESS,
    peerId: PEER_ID,
    x0Id: X0_ID,
    stated: true,
  })
  for (const line of ['/ip4/nowhere', `${ADDRESS}/p2p/abc`, `${ADDRESS}#${X0_ID}`, `${ADDRESS}/p2p/${PEER_ID}#x0no`, '/'])
    assert.throws(() => peerTarget(line, KNOWN), fault('bad-address'), line)
})

test('a known peer is found by a line that leads to it, with or without a peer id', () => {
  assert.equal(knownPeer(`/ip4/192.0.2.1/tcp/1/p2p/${PEER_ID}`, KNOWN), peer)
  assert.equal(knownPeer('/ip4/10.0.0.1/tcp/1', KNOWN), peer)
  assert.throws(() => knownPeer(ADDRESS, KNOWN), fault('peer-ambiguous'), 'three are at one address')
  assert.throws(() => knownPeer('/ip4/192.0.2.1/tcp/1', KNOWN), fault('peer-unknown'))
  assert.throws(() => knownPeer('/ip4/nowhere', KNOWN), fault('bad-address'))
})

test('keys are taken from a known peer, a line, or a whole id that nobody here has met', () => {
  assert.deepEqual(peerKeys(PEER_ID.slice(0, 12), KNOWN), { peerId: PEER_ID, x0Id: X0_ID })
  assert.deepEqual(peerKeys(`${ADDRESS}/p2p/${PEER_ID}`, KNOWN), { peerId: PEER_ID, x0Id: X0_ID })
  assert.deepEqual(peerKeys(`${ADDRESS}/p2p/${TWIN_ID}#${X0_ID}`, []), { peerId: TWIN_ID, x0Id: X0_ID })
  assert.deepEqual(peerKeys(TWIN_ID, []), { peerId: TWIN_ID, x0Id: undefined })
  assert.deepEqual(peerKeys(X0_ID, []), { peerId: undefined, x0Id: X0_ID })
  assert.throws(() => peerKeys(X0_ID.slice(0, 20), []), fault('peer-unknown'), 'a part of an id names nobody who is not known')
  assert.throws(() => peerKeys(ADDRESS, []), fault('peer-unknown'))
  assert.throws(() => peerKeys(ADDRESS, [nameless]), fault('peer-unknown'), 'an address is no key')
  assert.throws(() => peerKeys(PEER_ID.slice(0, 8), KNOWN), fault('peer-ambiguous'))
})
