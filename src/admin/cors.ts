import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Lets pages of the exact origins that the config names read answers; everybody else gets no CORS header at all.
 * @returns true where the request was a preflight and has been answered
 */
export async function allowCrossOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: readonly string[],
): Promise<boolean> {
  const { origin } = request.headers
  if (origin === undefined || !allowed.includes(origin)) return false
  reply.headers({ 'access-control-allow-origin': origin, vary: 'Origin', 'cross-origin-resource-policy': 'cross-origin' })
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  await reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'authorization, x-api-key, content-type, last-event-id',
      'access-control-max-age': '600',
    })
    .send()
  return true
}
