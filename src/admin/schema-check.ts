import type { FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { typeboxValue } from '../platform/typebox-value.ts'

/** Handlers get the static types of the schemas that checked their input. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

/** Checks a part of a request against its schema. Nothing is converted: what comes as text stays text. */
export function checkSchema({ schema }: { readonly schema: unknown }): (value: unknown) => { value: unknown } | { error: Error } {
  if (typeof schema !== 'object' || schema === null) throw new TypeError('a schema is an object')
  return (value) => {
    if (typeboxValue().Check(schema, value)) return { value }
    return { error: new Error(complaint(schema, value)) }
  }
}

/** The first two complaints, each by its path; never the value, which may be a secret in the wrong field. */
function complaint(schema: TSchema, value: unknown): string {
  const told = typeboxValue()
    .Errors(schema, value)
    .filter((error) => error.keyword !== 'boolean')
    .slice(0, 2)
  return told
    .map(({ instancePath, message, params }) => {
      const extra =
        'additionalProperties' in params ? `: ${[...params.additionalProperties].slice(0, 3).join(', ').slice(0, 128)}` : ''
      return `${instancePath === '' ? 'the document' : instancePath} ${message}${extra}`
    })
    .join('; ')
}
