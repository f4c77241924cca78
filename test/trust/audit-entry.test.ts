import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AuditError } from '../../src/trust/audit/audit-error.ts'
import { type AuditEntry, decodeEntry, encodeEntry, NO_HASH, recordable } from '../../src/trust/audit/entry.ts'
import { AUDIT_KINDS } from '../../src/trust/audit/kinds.ts'
import { MAX_ENTRY_BYTES, MAX_FIELD_TEXT, MAX_FIELDS } from '../../src/trust/audit/limits.ts'

const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.double(), fc.boolean())
const data = fc.dictionary(fc.string({ maxLength: 40 }), value, { maxKeys: 20 })
const entry: fc.Arbitrary<AuditEntry> = fc.record(
  {
    n: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    at: fc.integer({ min: 0, max: 8.64e15 }),
    kind: fc.constantFrom(...AUDIT_KINDS),
    data: data.map(recordable),
    previous: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  },
  { noNullPrototype: true },
)

const ONE: AuditEntry = { n: 7, at: 1_000, kind: 'policy.denied', data: { a: 'é', b: 1.5, c: true, d: false }, previous: NO_HASH }

describe('an audit entry', () => {
  it('has one encoding, laid out as the source says', () => {
    const expected = [
      Buffer.from('x0-audit-entry/1\0').toString('hex'),
      '0000000000000007',
      '00000000000003e8',
      '00'.repeat(32),
      `0d${Buffer.from('policy.denied').toString('hex')}`,
      '04',
      '0161' + '03' + '0002c3a9',
      '0162' + '02' + '3ff8000000000000',
      '0163' + '01',
      '0164' + '00',
    ].join('')
    assert.equal(Buffer.from(encodeEntry(ONE)).toString('hex'), expected)
    assert.deepEqual(encodeEntry({ ...ONE, data: { d: false, c: true, b: 1.5, a: 'é' } }), encodeEntry(ONE))
  })

  it('comes back as it was, whatever is recorded, within its bound', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const bytes = encodeEntry(one)
        assert.ok(bytes.length <= MAX_ENTRY_BYTES, `${bytes.length} bytes`)
        assert.deepEqual(decodeEntry(bytes), one)
      }),
    )
  })

  it('is read from no other bytes: any changed, missing or additional byte is no entry or another one', () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, place, change) => {
        const bytes = encodeEntry(one)
        const at = place % bytes.length
        const changed = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ change : byte))
        const other = decodeEntry(changed)
        if (other !== undefined) {
          assert.notDeepEqual(other, one)
          assert.deepEqual(encodeEntry(other), Buffer.from(changed))
        }
        assert.equal(decodeEntry(bytes.subarray(0, at)), undefined)
        assert.equal(decodeEntry(Buffer.concat([bytes, Uint8Array.of(change)])), undefined)
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        assert.equal(decodeEntry(bytes), undefined)
      }),
    )
  })

  it('refuses two forms of one value: fields out of order, a negative zero, text that is no UTF-8', () => {
    const hex = Buffer.from(encodeEntry(ONE)).toString('hex')
    const swapped = hex.replace('0163' + '01' + '0164' + '00', '0164' + '00' + '0163' + '01')
    const zero = hex.replace('3ff8000000000000', '8000000000000000')
    const latin = hex.replace('0002c3a9', '0001e9')
    for (const other of [swapped, zero, latin]) {
      assert.notEqual(other, hex)
      assert.equal(decodeEntry(Buffer.from(other, 'hex')), undefined)
    }
  })

  it('holds no more than its fields allow: texts are cut, names that are none and surplus fields go', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, 'x'.repeat(1_000)]))
    const cut = recordable({ ...many })
    assert.equal(Object.keys(cut).length, MAX_FIELDS)
    assert.ok(Object.values(cut).every((text) => String(text).length === MAX_FIELD_TEXT))
    assert.deepEqual(recordable({ 'a b': 1, __proto__x: 1, A: 1, ok: Number.NaN, half: '\ud800x', zero: -0 }), {
      half: '\ufffdx',
      ok: 0,
      zero: 0,
    })
  })

  it('is refused as an entry where it is none', () => {
    const wrong: Partial<Record<keyof AuditEntry, unknown>>[] = [
      { n: 0 },
      { n: 1.5 },
      { at: -1 },
      { previous: new Uint8Array(31) },
      { kind: 'tea.made' },
    ]
    const data = [
      { a: Number.NaN },
      { a: -0 },
      { A: 1 },
      { a: '\ud800' },
      { a: 'x'.repeat(MAX_FIELD_TEXT + 1) },
      { a: null },
    ].map((one) => ({ data: one }))
    for (const change of [...wrong, ...data]) {
      const broken = Object.assign({ ...ONE }, change)
      assert.throws(
        () => encodeEntry(broken),
        (error) => error instanceof AuditError && error.code === 'bad-entry',
        JSON.stringify(change),
      )
    }
  })
})
