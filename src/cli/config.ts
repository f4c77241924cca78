import { ConfigError } from '../config/config-error.ts'
import { configJsonSchema } from '../config/json-schema.ts'
import { CONFIG_FILE_NAME, loadConfig } from '../config/load.ts'
import { describeOrigin } from '../config/origin.ts'
import { valueAt } from '../config/reload.ts'
import { startFailure } from './start-failure.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 config show`: what `x0 run` without flags would use. */
export async function configShow(call: Call, options: { readonly origin?: boolean; readonly config?: string }): Promise<void> {
  const loaded = await load(call, options.config, call.terminal.env)
  const origins = [...loaded.origins].map(([path, origin]) => [path, describeOrigin(origin)] as const)
  if (call.json) {
    const { config, file = null } = loaded
    printJson(call, { schema: 'x0.config/v1', file, config, ...(options.origin ? { origins: Object.fromEntries(origins) } : {}) })
    return
  }
  const rows = origins.map(([path, origin]) => {
    const value = valueAt(loaded.config, path.split('.'))
    const shown = printable(value === undefined ? '-' : JSON.stringify(value))
    return options.origin ? [path, shown, printable(origin)] : [path, shown]
  })
  const header = options.origin ? ['SETTING', 'VALUE', 'ORIGIN'] : ['SETTING', 'VALUE']
  call.terminal.out(table(header, rows, (text) => paint(call, 'bold', text)))
}

/** `x0 config test [FILE]`: the file alone, whatever the environment says. */
export async function configTest(call: Call, file: string | undefined): Promise<void> {
  const document = { schema: 'x0.config-test/v1', file: file ?? null }
  try {
    const loaded = await loadConfig({ home: call.home, flags: [], env: {}, ...(file === undefined ? {} : { configFile: file }) })
    if (call.json) printJson(call, { ...document, file: loaded.file ?? null, ok: true, problems: [] })
    else if (!call.quiet) {
      const missing = `There is no ${CONFIG_FILE_NAME} in ${call.home}: the defaults apply.`
      call.terminal.out(loaded.file === undefined ? `${missing}\n` : `${loaded.file} can be used.\n`)
    }
  } catch (error) {
    if (call.json && error instanceof ConfigError) printJson(call, { ...document, ok: false, problems: error.problems })
    throw startFailure(error)
  }
}

/** `x0 config schema`: always JSON. */
export function configSchema(call: Call): void {
  printJson(call, configJsonSchema())
}

async function load(call: Call, file: string | undefined, env: Call['terminal']['env']): ReturnType<typeof loadConfig> {
  try {
    return await loadConfig({ home: call.home, flags: [], env, ...(file === undefined ? {} : { configFile: file }) })
  } catch (error) {
    throw startFailure(error)
  }
}
