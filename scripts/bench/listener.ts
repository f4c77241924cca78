import type { Libp2p, Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { ECHO, SINK, SOURCE } from './tasks.ts'
import { receiveVolume, sendVolume } from './volume.ts'

const MANY_STREAMS = { maxInboundStreams: 100_000 }

/** Registers what the diallers of the benchmark ask for. */
export async function serve(host: Libp2p): Promise<void> {
  await host.handle(ECHO, echo, MANY_STREAMS)
  await host.handle(SINK, sink, MANY_STREAMS)
  await host.handle(SOURCE, source, MANY_STREAMS)
}

function echo(stream: Stream): void {
  // requests of the benchmark are small and answered one at a time: no back-pressure can build up
  stream.addEventListener('message', (event) => {
    stream.send(event.data)
  })
  stream.addEventListener('remoteCloseWrite', () => {
    stream.close().catch((error: Error) => stream.abort(error))
  })
}

/** u64be volume, then the volume; the answer is the MB/s that were measured here, as a f64be. */
async function sink(stream: Stream): Promise<void> {
  const bytes = byteStream(stream)
  const head = await bytes.read({ bytes: 8 })
  const rate = await receiveVolume(bytes.unwrap(), Number(head.getBigUint64(0)))
  const answer = new DataView(new ArrayBuffer(8))
  answer.setFloat64(0, rate)
  stream.send(new Uint8Array(answer.buffer))
  await stream.close()
}

/** u64be volume, u64be bytes a write; then the volume flows back, and one byte acknowledges it. */
async function source(stream: Stream): Promise<void> {
  const bytes = byteStream(stream)
  const head = await bytes.read({ bytes: 16 })
  await sendVolume(bytes.unwrap(), Number(head.getBigUint64(0)), Number(head.getBigUint64(8)))
  // a new reader: the first one gave the stream back
  await byteStream(stream).read({ bytes: 1 })
  await stream.close()
}
