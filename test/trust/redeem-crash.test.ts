import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { openHome } from '../../src/store/home.ts'
import { redeemRequest } from '../../src/trust/applicant.ts'
import { parseInvite } from '../../src/trust/invite.ts'
import { decodeJoinAnswer } from '../../src/trust/join-answer.ts'
import { Membership } from '../../src/trust/membership.ts'
import { Sponsor } from '../../src/trust/sponsor.ts'
import { NATIVE } from '../crypto/backends.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { granted } from './door.ts'
import { crashGenesis, crashMember, crashNode } from './redeem-crash-cast.ts'

const PROCESS = new URL('redeeming-process.ts', import.meta.url).pathname

/** Runs the door until it has printed `lines` lines, kills it there and then, and gives all that it printed. */
async function runAndKill(folder: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [PROCESS, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed: string[] = []
  const closed = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line)
    if (printed.length === lines) child.kill('SIGKILL')
  }
  await closed
  assert.equal(child.signalCode, 'SIGKILL', 'the door ended by itself')
  return printed
}

test('a member killed in the middle of redemptions has spent each use once, and lost no credential that left', {
  timeout: 120_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  const [member, genesis] = await Promise.all([crashMember(), crashGenesis()])
  const nodes = await Promise.all(Array.from({ length: 8 }, (_, index) => crashNode(index)))
  for (const stopAt of [2, 3, 5, 7, 10, 16]) {
    const printed = (await runAndKill(folder, stopAt)).map((line) => line.split(' '))
    const home = await openHome(folder)
    const damaged: string[] = []
    const sponsor = await Sponsor.open({
      backend: NATIVE,
      identity: member,
      membership: new Membership({ backend: NATIVE, genesis }),
      store: home.store,
      clock: { now: () => Date.now() },
      random: systemRandom,
      report: () => undefined,
      onDamaged: (namespace, key) => damaged.push(`${namespace}/${key}`),
    })
    assert.deepEqual(damaged, [])
    const invites = new Map(sponsor.invites().map((invite) => [invite.id, invite]))
    const serials = new Set(sponsor.issued().map(({ serial }) => serial))
    const spent = [...invites.values()].reduce((sum, { redeemers }) => sum + redeemers.length, 0)
    assert.equal(serials.size, spent, 'a use without its credential, or a credential without a use')
    for (const { uses, redeemers } of invites.values()) {
      assert.ok(redeemers.length <= uses, 'an invite was overspent')
      assert.equal(new Set(redeemers).size, redeemers.length)
    }
    for (const [what = '', id = '', index = '', serial = ''] of printed) {
      if (what === 'invite') assert.ok(invites.has(id), 'an invite that was handed out is gone')
      if (what !== 'granted') continue
      assert.ok(serials.has(serial), 'a credential left that is not on the disk')
      const node = nodes[Number(index)]
      assert.ok(node !== undefined && invites.get(id)?.redeemers.includes(formatX0Id(node.x0Id)))
    }
    // who was admitted, its answer lost in the crash, gets a credential now, and nothing more is spent
    const [, lastId = '', line = ''] = printed.findLast(([what]) => what === 'invite') ?? []
    for (const node of nodes) {
      if (!invites.get(lastId)?.redeemers.includes(formatX0Id(node.x0Id))) continue
      const request = await redeemRequest(NATIVE, node, parseInvite(line))
      const answer = decodeJoinAnswer(await sponsor.answer(request, { x0Id: node.x0Id }))
      assert.ok(serials.has(Buffer.from(granted(answer).serial).toString('hex')))
    }
    assert.equal(sponsor.issued().length, spent)
    await home.close()
  }
})
