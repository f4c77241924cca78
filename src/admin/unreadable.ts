import type { Duplex } from 'node:stream'
import { errorCode } from './bind.ts'
import { PROBLEM_TYPE, type ProblemCode, problemDocument } from './problem.ts'

const CODES: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
}

/** Answers what is no HTTP request, or did not arrive in time, with a problem document, and closes the connection. */
export function refuseUnreadable(error: Error, socket: Duplex): void {
  if (errorCode(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const document = problemDocument(CODES[errorCode(error)] ?? 'request-malformed', 'the connection is closed')
  const body = JSON.stringify(document)
  const head = [
    `HTTP/1.1 ${document.status} ${document.title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
