// A member's door that redeems for ever, on a home of its own: what the parent of redeem-crash.test.ts kills. It makes an
// invite of five uses and lets eight nodes redeem it at once, then the next; prints each invite and each credential that left.
import { writeSync } from 'node:fs'
import { systemRandom } from '../../src/platform/random.ts'
import { openHome } from '../../src/store/home.ts'
import { redeemRequest } from '../../src/trust/applicant.ts'
import { decodeCredential } from '../../src/trust/credential.ts'
import { parseInvite } from '../../src/trust/invite.ts'
import { decodeJoinAnswer } from '../../src/trust/join-answer.ts'
import { Membership } from '../../src/trust/membership.ts'
import { Sponsor } from '../../src/trust/sponsor.ts'
import { NATIVE } from '../crypto/backends.ts'
import { crashGenesis, crashMember, crashNode } from './redeem-crash-cast.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: redeeming-process.ts HOME')
const home = await openHome(folder)
const member = await crashMember()
const sponsor = await Sponsor.open({
  backend: NATIVE,
  identity: member,
  membership: new Membership({ backend: NATIVE, genesis: await crashGenesis() }),
  store: home.store,
  clock: { now: () => Date.now() },
  random: systemRandom,
  report: () => undefined,
  onDamaged: (namespace, key) => writeSync(1, `damaged ${namespace}/${key}\n`),
})
const nodes = await Promise.all(Array.from({ length: 8 }, (_, index) => crashNode(index)))
writeSync(1, 'open\n')
for (;;) {
  const made = await sponsor.invite({ uses: 5 }, [{ address: '/ip4/192.0.2.1/tcp/4001', x0Id: member.x0Id }])
  writeSync(1, `invite ${made.id} ${made.line}\n`)
  const invite = parseInvite(made.line)
  await Promise.all(
    nodes.map(async (node, index) => {
      const request = await redeemRequest(NATIVE, node, invite, `n${index}`)
      const answer = decodeJoinAnswer(await sponsor.answer(request, { x0Id: node.x0Id }))
      if (answer.kind !== 'admitted' || answer.credential === undefined) return
      const serial = Buffer.from(decodeCredential(answer.credential).serial).toString('hex')
      writeSync(1, `granted ${made.id} ${index} ${serial}\n`)
    }),
  )
}
