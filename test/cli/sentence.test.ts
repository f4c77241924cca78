import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sentence } from '../../src/cli/sentence.ts'

test('a message becomes a sentence, but the code in front of it stays what people search for', () => {
  assert.equal(sentence('no peer is called nobody'), 'No peer is called nobody.')
  assert.equal(sentence('is it there?'), 'Is it there?')
  assert.equal(sentence('wrong-network: the peer belongs elsewhere'), 'wrong-network: the peer belongs elsewhere.')
  assert.equal(sentence(''), '.')
})
