import { readFile } from 'node:fs/promises'

/** What Linux says of a process. */
export interface ProcessFacts {
  readonly cpuMs: number
  /** Bytes that went through read(2) and write(2): sockets, but pipes, files and wake-ups as well. */
  readonly ioBytes: number
  readonly rssBytes: number
  /** Resident, with what is shared divided among those who share it. */
  readonly pssBytes: number
}

/** USER_HZ is 100 on every Linux that Node.js runs on. */
const MS_PER_TICK = 10

/** @throws Error where the process is gone or this is not Linux */
export async function processFacts(pid: number): Promise<ProcessFacts> {
  const [stat, io, rollup] = await Promise.all(
    ['stat', 'io', 'smaps_rollup'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  )
  return readFacts(stat ?? '', io ?? '', rollup ?? '')
}

/** The facts in the texts of /proc/PID/stat, io and smaps_rollup (proc(5)). */
export function readFacts(stat: string, io: string, rollup: string): ProcessFacts {
  // the second field is the command in parentheses and may hold anything; utime and stime are fields 14 and 15
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const number = (text: string, name: string): number => {
    const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]
    if (found === undefined) throw new Error(`/proc has no ${name} for this process`)
    return Number(found)
  }
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
    ioBytes: number(io, 'rchar') + number(io, 'wchar'),
    rssBytes: number(rollup, 'Rss') * 1024,
    pssBytes: number(rollup, 'Pss') * 1024,
  }
}
