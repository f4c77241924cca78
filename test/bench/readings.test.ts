import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { processFacts, readFacts } from '../../scripts/bench/process-facts.ts'
import { sum } from '../../scripts/bench/whole-node.ts'

const METRICS = `# TYPE x0_peers gauge
x0_peers{state="up/direct",direction="inbound"} 2
x0_peers{state="up/direct",direction="outbound"} 3
x0_peers{state="down",direction="none"} 7
# TYPE x0_peers_other gauge
x0_peers_other{state="up/direct"} 100
`

describe('what the benchmark reads', () => {
  it('reads /proc, whatever the command is called', () => {
    const stat = '42 (a) R 9 (b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 11 0 1000 1 1'
    const facts = readFacts(
      stat,
      'rchar: 1000\nwchar: 24\nsyscr: 5\n',
      'aa-bb ---p [rollup]\nRss:   2000 kB\nPss:   1500 kB\nPss_Dirty: 1 kB\n',
    )
    assert.deepEqual(facts, { cpuMs: 3000, ioBytes: 1024, rssBytes: 2_048_000, pssBytes: 1_536_000 })
    assert.throws(() => readFacts(stat, '', ''), /rchar/)
  })

  it('finds a live process as the kernel tells it', { skip: process.platform !== 'linux' }, async () => {
    const { rssBytes, pssBytes, cpuMs } = await processFacts(process.pid)
    const rss = process.memoryUsage.rss()
    assert.ok(rssBytes > rss / 2 && rssBytes < rss * 2, `${rssBytes} beside ${rss}`)
    assert.ok(pssBytes > 0 && pssBytes <= rssBytes)
    // the kernel counts in ticks of 10 ms
    const { user, system } = process.cpuUsage()
    assert.ok(cpuMs <= (user + system) / 1000 + 20)
  })

  it('adds the samples of a metric that carry a label, and no metric of a longer name', () => {
    assert.equal(sum(METRICS, 'x0_peers', 'state="up/'), 5)
    assert.equal(sum(METRICS, 'x0_peers', ''), 12)
    assert.equal(sum(METRICS, 'x0_peers', 'state="suspect"'), 0)
    assert.throws(() => sum(METRICS, 'x0_links', ''), /no x0_links/)
  })
})
