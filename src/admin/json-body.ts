import type { AdminApp } from './admin-context.ts'

/**
 * Bodies are JSON in UTF-8 and nothing else. By itself fastify would turn bytes that are no UTF-8 into U+FFFD, and two
 * passwords into one.
 */
export function readJsonOnly(app: AdminApp): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = utf8.decode(Buffer.from(body))
    } catch (cause) {
      done(Object.assign(new SyntaxError('not UTF-8', { cause }), { statusCode: 400 }))
      return
    }
    // fastify's own parser answers through `done` before it returns
    void parse(request, text, done)
  })
}
