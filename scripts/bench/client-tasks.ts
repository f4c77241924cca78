import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { sessionOf } from '../../src/channel/session.ts'
import { quantile } from './statistics.ts'
import { ECHO, type Figures, PING_BYTES, SINK, SOURCE, type Task } from './tasks.ts'
import { receiveVolume, sendVolume } from './volume.ts'

/** A dialler: its own identity, made once and kept. */
export type Dialler = (index: number) => Promise<Libp2p>

const PING = new Uint8Array(PING_BYTES).fill(0x33)

/** Runs one task against the listener at `address`. */
export async function runTask(task: Task, address: Multiaddr, dialler: Dialler): Promise<Figures> {
  if (task.kind === 'dial') return dials(await dialler(0), address, task.count)
  if (task.kind === 'connections') return connections(task, address, dialler)
  const connection = await (await dialler(0)).dial(address)
  try {
    // the responder's verdict belongs to the handshake, not to what is measured here
    await sessionOf(connection)?.accepted
    if (task.kind === 'throughput') return await throughput(connection, task)
    if (task.kind === 'ping-pong') return await pingPong(connection, task.count)
    return await streamEach(connection, task.count)
  } finally {
    await connection.close()
  }
}

async function dials(host: Libp2p, address: Multiaddr, count: number): Promise<Figures> {
  const upgraded: number[] = []
  const verdicts: number[] = []
  const echoes: number[] = []
  for (let done = 0; done < count; done += 1) {
    const startedAt = performance.now()
    const connection = await host.dial(address)
    upgraded.push(performance.now() - startedAt)
    const verdict = sessionOf(connection)?.accepted.then(() => {
      verdicts.push(performance.now() - startedAt)
    })
    const stream = await connection.newStream(ECHO)
    await roundTrip(stream)
    echoes.push(performance.now() - startedAt)
    await verdict
    await connection.close()
  }
  return {
    'dial.upgraded.median': quantile(upgraded, 0.5),
    'dial.upgraded.p95': quantile(upgraded, 0.95),
    ...(verdicts.length === 0
      ? {}
      : { 'dial.verdict.median': quantile(verdicts, 0.5), 'dial.verdict.p95': quantile(verdicts, 0.95) }),
    'dial.echo.median': quantile(echoes, 0.5),
    'dial.echo.p95': quantile(echoes, 0.95),
  }
}

async function connections(task: Extract<Task, { kind: 'connections' }>, address: Multiaddr, dialler: Dialler): Promise<Figures> {
  // libp2p joins dials to one peer: only diallers of their own run in parallel
  const hosts = await Promise.all(Array.from({ length: task.parallel }, (_, index) => dialler(index)))
  let left = task.count
  const startedAt = performance.now()
  await Promise.all(
    hosts.map(async (host) => {
      while (left > 0) {
        left -= 1
        const connection = await host.dial(address)
        await sessionOf(connection)?.accepted
        await connection.close()
      }
    }),
  )
  return { 'connections.rate': (task.count * 1000) / (performance.now() - startedAt) }
}

async function throughput(connection: Connection, task: Extract<Task, { kind: 'throughput' }>): Promise<Figures> {
  const name = throughputName(task)
  const head = new DataView(new ArrayBuffer(task.direction === 'up' ? 8 : 16))
  head.setBigUint64(0, BigInt(task.bytes))
  if (task.direction === 'down') {
    head.setBigUint64(8, BigInt(task.chunk))
    const stream = await connection.newStream(SOURCE)
    const rate = receiveVolume(stream, task.bytes)
    stream.send(new Uint8Array(head.buffer))
    const figures = { [name]: await rate }
    stream.send(Uint8Array.of(1))
    await stream.close()
    return figures
  }
  const stream = await connection.newStream(SINK)
  const answer = byteStream(stream)
  stream.send(new Uint8Array(head.buffer))
  await sendVolume(stream, task.bytes, task.chunk)
  const rate = (await answer.read({ bytes: 8 })).getFloat64(0)
  await stream.close()
  return { [name]: rate }
}

/** `throughput.64KiB.up` and so on. */
export function throughputName(task: { readonly chunk: number; readonly direction: 'up' | 'down' }): string {
  return `throughput.${task.chunk / 1024}KiB.${task.direction}`
}

async function pingPong(connection: Connection, count: number): Promise<Figures> {
  const stream = await connection.newStream(ECHO)
  const bytes = await answered(stream, count)
  await stream.close()
  return { 'round-trips.stream': bytes }
}

/** Round trips a second. The next request leaves in the very event that brings the answer: nothing but the stack is in between. */
function answered(stream: Stream, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = count
    let missing = PING_BYTES
    const startedAt = performance.now()
    const onMessage = (event: { readonly data: { readonly byteLength: number } }): void => {
      missing -= event.data.byteLength
      if (missing > 0) return
      left -= 1
      missing = PING_BYTES
      if (left > 0) stream.send(PING)
      else {
        stream.removeEventListener('message', onMessage)
        stream.removeEventListener('close', onClose)
        resolve((count * 1000) / (performance.now() - startedAt))
      }
    }
    const onClose = (event: { readonly error?: Error }): void => reject(event.error ?? new Error('closed before the answer'))
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', onClose)
    stream.send(PING)
  })
}

async function roundTrip(stream: Stream): Promise<void> {
  await answered(stream, 1)
}

async function streamEach(connection: Connection, count: number): Promise<Figures> {
  const startedAt = performance.now()
  for (let done = 0; done < count; done += 1) {
    const stream = await connection.newStream(ECHO)
    await roundTrip(stream)
    await stream.close()
  }
  return { 'round-trips.stream-each': (count * 1000) / (performance.now() - startedAt) }
}
