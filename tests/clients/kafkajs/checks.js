'use strict'

const assert = require('node:assert')
const crypto = require('node:crypto')

let passed = 0
let failed = 0

/** Runs one named check and prints its line. */
async function run(name, check) {
  const start = Date.now()
  const seconds = () => ((Date.now() - start) / 1000).toFixed(1)
  try {
    await check()
    passed += 1
    console.log(`ok   ${name} (${seconds()} s)`)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name} (${seconds()} s): ${String(error.message).slice(0, 600)}`)
    console.error(String(error.stack).slice(0, 3000))
  }
}

/** Prints the count and gives the exit code. */
function finish() {
  console.log(`${passed} passed, ${failed} failed`)
  return failed || !passed ? 1 : 0
}

/** Waits until a condition holds, at most a minute. */
async function until(what, condition) {
  const end = Date.now() + 60_000
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${what}: not within a minute`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const unique = stem => `${stem}-${crypto.randomBytes(5).toString('hex')}`

module.exports = { run, finish, until, unique }
