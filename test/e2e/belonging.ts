import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Daemon, type DaemonOptions, start, temporaryFolder, x0 } from './daemon.ts'

/** A running founder of a network of its own, called hub there. */
export async function found(t: TestContext, name: string, options: DaemonOptions = {}): Promise<Daemon> {
  const home = join(await temporaryFolder(t), 'home')
  const made = await x0(['network', 'create', name, '--node-name', 'hub', '--home', home])
  assert.equal(made.code, 0, made.stderr)
  return start(t, { ...options, home })
}

/** A line to join by. */
export async function inviteLine(node: Daemon, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.run('invite', ...flags)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^x0invite1\.[A-Za-z0-9_-]+\n$/, 'the line alone on stdout')
  return stdout.trim()
}

/** The home of a node that has joined and does not run yet. */
export async function joinedHome(t: TestContext, line: string, ...flags: string[]): Promise<string> {
  const home = join(await temporaryFolder(t), 'home')
  const { code, stderr } = await x0(['join', line, ...flags, '--home', home])
  assert.equal(code, 0, stderr)
  return home
}

export async function isUp(node: Daemon, other: Daemon): Promise<boolean> {
  return (await node.peer(other.peerId))?.state === 'up/direct'
}
