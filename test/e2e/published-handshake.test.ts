import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { publishedText, withoutPublishedVectors } from '../crypto/published-vectors.ts'

const END = fileURLToPath(new URL('vector-end.ts', import.meta.url))

interface Vector {
  readonly msg_a: string
  readonly msg_b: string
  readonly msg_c: string
  readonly handshake_hash: string
}

function startEnd(t: TestContext, ...args: number[]): { child: ChildProcess; line(): Promise<string> } {
  const child = spawn(process.execPath, [END, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    async line() {
      const { value, done } = await lines.next()
      assert.ok(done !== true, 'it ended without a word')
      return value
    },
  }
}

test('two processes on /noise-mlkem768-hfs/0.2.0 exchange the published bytes over TCP', {
  skip: withoutPublishedVectors,
}, async (t) => {
  const { vectors }: { vectors: Vector[] } = JSON.parse(publishedText('noise-xxhfs/xxhfs-mlkem768.json'))
  assert.equal(vectors.length, 3)
  await Promise.all(
    vectors.map(async (vector, index) => {
      const responder = startEnd(t, index)
      const initiator = startEnd(t, index, Number(await responder.line()))
      const expected = { messages: [vector.msg_a, vector.msg_b, vector.msg_c], hash: vector.handshake_hash }
      const ended = [initiator, responder].map(({ child }) => once(child, 'exit'))
      assert.deepEqual(JSON.parse(await initiator.line()), expected)
      assert.deepEqual(JSON.parse(await responder.line()), expected)
      assert.deepEqual(await Promise.all(ended), [
        [0, null],
        [0, null],
      ])
    }),
  )
})
