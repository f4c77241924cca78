import { readFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { typeboxValue } from '../platform/typebox-value.ts'

/** Names a process for good: ids are given out again, but never with the same start in the same boot. */
const ProcessMark = Type.Object({
  schema: Type.Literal('x0.process/v1'),
  pid: Type.Integer({ minimum: 1 }),
  /** Boot and start of the process as the kernel tells them; empty where it does not (outside Linux). */
  start: Type.String(),
})
type ProcessMark = Static<typeof ProcessMark>

/** The text that marks this process in a file. */
export async function markOfThisProcess(): Promise<string> {
  const mark: ProcessMark = { schema: 'x0.process/v1', pid: process.pid, start: (await startOf(process.pid)) ?? '' }
  return `${JSON.stringify(mark)}\n`
}

/**
 * The id of the process that left its mark in `path` if it still runs; undefined where it is gone, where the file is
 * missing or not readable as a mark. Only for messages: what decides is LevelDB's lock, which the kernel holds.
 */
export async function liveProcessIn(path: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return undefined
  }
  const mark = parseMark(text)
  if (mark === undefined || !isAlive(mark.pid)) return undefined
  const start = await startOf(mark.pid)
  return start === undefined || mark.start === '' || start === mark.start ? mark.pid : undefined
}

function parseMark(text: string): ProcessMark | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeboxValue().Check(ProcessMark, value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** `boot id:start time in clock ticks`, proc_pid_stat(5) field 22. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return ticks === undefined ? undefined : `${boot.trim()}:${ticks}`
  } catch {
    return undefined
  }
}
