'use strict'

// Transactions, as the clients in the other languages are put through them too.

const assert = require('node:assert')
const { until, unique } = require('./checks')

/** A producer with a transactional id. It asks the broker to make it ready when its first transaction begins. */
async function connect(kafka, transactionalId) {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, retry: { retries: 20 } })
  await producer.connect()
  return producer
}

/** Messages that name the transaction they belong to and their number within it. */
function named(stem, count, partitions = 1) {
  return Array.from({ length: count }, (_, i) => ({ value: `${stem} ${i}`, partition: i % partitions }))
}

/** Values by partition, in order. */
function byPartition(messages) {
  const values = {}
  for (const { partition, value } of messages) (values[partition] ||= []).push(value.toString())
  return values
}

/** The checks, over the helpers of test.js. */
module.exports = ({ kafka, admin, createTopic, produce, read, Member }) => {
  /** A reader from the beginning gets the wanted messages, in order within each partition, and no others. */
  async function sees(topic, readUncommitted, want, what) {
    const got = await read(topic, want.length, { readUncommitted })
    assert.deepStrictEqual(byPartition(got), byPartition(want), `${what}, ${readUncommitted ? 'un' : ''}committed`)
  }

  /** A reader of committed messages gets those of committed transactions, and none from the first open one on. */
  async function commitAndAbort() {
    const topic = await createTopic('transactions', 2)
    const producer = await connect(kafka, unique('transactions'))
    const everything = []
    const committed = []
    for (const [number, commits] of [true, false, true, true, false, false, true, false].entries()) {
      const messages = named(`transaction ${number}`, 20, 2)
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages })
      await (commits ? transaction.commit() : transaction.abort())
      everything.push(...messages)
      if (commits) committed.push(...messages)
    }
    await sees(topic, false, committed, 'all ended')
    await sees(topic, true, everything, 'all ended')
    const later = named('open', 20, 2)
    const open = await producer.transaction()
    await open.send({ topic, messages: later })
    const plain = named('outside of any', 20, 2)
    await produce(topic, plain)
    later.push(...plain)
    await sees(topic, false, committed, 'one open')
    await sees(topic, true, [...everything, ...later], 'one open')
    await open.commit()
    await producer.disconnect()
    await sees(topic, false, [...committed, ...later], 'the open one committed')
  }

  /** What a group consumed is committed with what was made of it, or not at all. */
  async function offsets() {
    const source = await createTopic('source', 1)
    const target = await createTopic('target', 1)
    const group = unique('transformers')
    const consumed = named('consumed', 40)
    await produce(source, consumed)
    const producer = await connect(kafka, unique('transactions'))
    const made = []
    for (const [start, end, commits] of [[0, 25, true], [25, 40, false], [25, 40, true]]) {
      // A new member begins at the group's committed offset.
      const member = await new Member(group, source, { autoCommit: false }).start()
      await until(`message ${end}`, () => member.records.length >= end - start)
      const got = member.records.slice(0, end - start)
      assert.deepStrictEqual(byPartition(got), byPartition(consumed.slice(start, end)), 'consumed')
      const messages = got.map(({ value }) => ({ value: `made of ${value}`, partition: 0 }))
      const transaction = await producer.transaction()
      await transaction.send({ topic: target, messages })
      const topics = [{ topic: source, partitions: [{ partition: 0, offset: String(end) }] }]
      await transaction.sendOffsets({ consumerGroupId: group, topics })
      await (commits ? transaction.commit() : transaction.abort())
      if (commits) made.push(...messages)
      await member.leave()
      const offset = String(commits ? end : start)
      // EndTxn is answered before the group's coordinator has the marker, and this client does not ask for stable offsets.
      await until(`committed offset ${offset}`, async () => {
        const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [source] })
        return partitions[0].offset === offset
      })
    }
    await producer.disconnect()
    await sees(target, false, made, 'made')
  }

  /** A second producer with the same transactional id aborts the first one's transaction and fences it. */
  async function fencing() {
    const topic = await createTopic('fencing', 1)
    const name = unique('transactions')
    const ofFirst = named('first', 10)
    const ofSecond = named('second', 10)
    const first = await connect(kafka, name)
    const fenced = await first.transaction()
    await fenced.send({ topic, messages: ofFirst })
    const second = await connect(kafka, name)
    const transaction = await second.transaction()
    // The version of EndTxn that it speaks has this error for it.
    await assert.rejects(fenced.commit(), { type: 'INVALID_PRODUCER_EPOCH' })
    await transaction.send({ topic, messages: ofSecond })
    await transaction.commit()
    await first.disconnect()
    await second.disconnect()
    await sees(topic, false, ofSecond, 'after the fencing')
    await sees(topic, true, [...ofFirst, ...ofSecond], 'after the fencing')
  }

  return { commitAndAbort, offsets, fencing }
}
