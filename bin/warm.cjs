'use strict'
// Loads what a node loads and leaves the compiled code in the cache. See warmUp in bin/x0.
var module_ = require('module')
var path = require('path')

module_.enableCompileCache(process.argv[2])
var source = path.join(path.dirname(__dirname), 'src')
var files = ['cli/main.ts', 'cli/run.ts', 'node.ts', 'crypto/native.ts']
Promise.all(
  files.map(function (file) {
    return import('file://' + path.join(source, file))
  })
).then(function () {
  module_.flushCompileCache()
  process.exit(0)
})
