import { checkSchema } from './schema-check.ts'

/**
 * For fastify in place of Ajv and fast-json-stringify: TypeBox is loaded anyway, those two would cost 5 MB. To be put in
 * with Object.assign: fastify's types admit only the shape of Ajv's compiler here, while it passes to it, and takes
 * from it, what setValidatorCompiler documents.
 */
export const SCHEMA_COMPILERS = {
  schemaController: { compilersFactory: { buildValidator: () => checkSchema, buildSerializer: () => () => JSON.stringify } },
}
