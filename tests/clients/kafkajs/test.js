'use strict'

// KafkaJS against the broker at BOOTSTRAP.

const assert = require('node:assert')
const crypto = require('node:crypto')
const { Kafka, CompressionTypes, ConfigResourceTypes, Partitioners, logLevel } = require('kafkajs')
const { registerCodecs } = require('./codecs')
const { run, finish, until, unique } = require('./checks')
const transactions = require('./transactions')

const MEBIBYTE = 1 << 20
const bootstrap = process.env.BOOTSTRAP
if (!bootstrap) throw new Error('BOOTSTRAP=host:port must be set')

setTimeout(() => {
  console.log('not finished within 300 s')
  process.exit(3)
}, 300_000).unref()

const kafka = new Kafka({ clientId: 'corelog-tests', brokers: [bootstrap], logLevel: logLevel.NOTHING })
const admin = kafka.admin()

async function createTopic(stem, numPartitions, config = {}) {
  const topic = unique(stem)
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, configEntries }] })
  return topic
}

async function produce(topic, messages, { compression = CompressionTypes.None, ...options } = {}) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...options })
  await producer.connect()
  try {
    return await producer.send({ topic, acks: -1, compression, messages })
  } finally {
    await producer.disconnect()
  }
}

/** A member of a group, and what it has read. */
class Member {
  constructor(groupId, topic, { autoCommit = true, ...options } = {}) {
    this.topic = topic
    this.autoCommit = autoCommit
    this.records = []
    this.assigned = []
    this.consumer = kafka.consumer({
      groupId, sessionTimeout: 10_000, heartbeatInterval: 500, maxWaitTimeInMs: 300, maxBytesPerPartition: 4 * MEBIBYTE,
      ...options,
    })
    this.consumer.on(this.consumer.events.GROUP_JOIN, ({ payload }) => {
      this.assigned = payload.memberAssignment[topic] || []
    })
  }

  async start() {
    await this.consumer.connect()
    await this.consumer.subscribe({ topic: this.topic, fromBeginning: true })
    await this.consumer.run({
      autoCommit: this.autoCommit,
      autoCommitThreshold: 1,
      eachMessage: async ({ partition, message }) => {
        this.records.push({ ...message, partition })
      },
    })
    return this
  }

  /** Leaves the group, offsets committed unless `autoCommit` is false. */
  async leave() {
    await this.consumer.stop()
    await this.consumer.disconnect()
  }
}

/** Reads count messages of a topic from its beginning and sees that none follows. */
async function read(topic, count, options) {
  const member = await new Member(unique('reader'), topic, options).start()
  try {
    await until(`${count} messages`, () => member.records.length >= count)
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.strictEqual(member.records.length, count, 'messages read')
    return member.records
  } finally {
    await member.leave()
  }
}

/** Messages whose values name their key and their number within it. */
function numbered(count, keys = 17, size = 100) {
  return Array.from({ length: count }, (_, i) => ({
    key: `key-${i % keys}`,
    value: `${i % keys}:${Math.floor(i / keys)}:${'x'.repeat(size)}`,
  }))
}

/** Offsets rise by one in a partition; each key keeps its order. */
function checkOrder(records) {
  const offsets = new Map()
  const numbers = new Map()
  for (const { partition, offset, key, value } of records) {
    const wanted = offsets.get(partition) || 0
    assert.strictEqual(Number(offset), wanted, `next offset of partition ${partition}`)
    offsets.set(partition, wanted + 1)
    const [name, number] = value.toString().split(':')
    assert.strictEqual(key.toString(), `key-${name}`, 'key')
    assert.strictEqual(Number(number), numbers.get(name) || 0, `next number of key ${name}`)
    numbers.set(name, Number(number) + 1)
  }
}

const sorted = messages => messages.map(m => `${m.key}=${m.value}`).sort()

async function roundtrip(options) {
  const topic = await createTopic('roundtrip', 3)
  const sent = numbered(1500)
  await produce(topic, sent, options)
  const got = await read(topic, sent.length)
  checkOrder(got)
  assert.deepStrictEqual(sorted(got), sorted(sent), 'contents')
}

async function nullsAndHeaders() {
  const topic = await createTopic('shapes', 1)
  const sent = [
    { key: 'key', value: 'value', headers: { h: '1', bytes: Buffer.from([0, 255]) } },
    { key: 'tombstone', value: null },
    { key: 'empty value', value: '' },
    { key: null, value: 'no key' },
    { key: '', value: 'empty key' },
    { key: 'k', value: 'repeated', headers: { h: ['1', '2'] } },
  ]
  await produce(topic, sent)
  const got = await read(topic, sent.length)
  const text = b => (b === null || b === undefined ? null : b.toString())
  assert.deepStrictEqual(got.map(m => [text(m.key), text(m.value)]), sent.map(m => [m.key, m.value]), 'keys and values')
  assert.strictEqual(got[0].headers.h.toString(), '1', 'header')
  assert.deepStrictEqual(got[0].headers.bytes, Buffer.from([0, 255]), 'binary header')
  assert.deepStrictEqual(got[5].headers.h.map(String), ['1', '2'], 'repeated header')
}

async function compression(type) {
  const topic = await createTopic('compression', 2)
  const sent = numbered(400, 17, 200)
  await produce(topic, sent, { compression: type })
  const got = await read(topic, sent.length)
  checkOrder(got)
  assert.deepStrictEqual(sorted(got), sorted(sent), 'contents')
}

async function oneMebibyte() {
  const topic = await createTopic('large', 1, { 'max.message.bytes': String(2 * MEBIBYTE) })
  const sent = Array.from({ length: 6 }, () => ({ value: crypto.randomBytes(MEBIBYTE) }))
  for (const message of sent) await produce(topic, [message])
  const got = await read(topic, sent.length)
  got.forEach((m, i) => assert.ok(m.value.equals(sent[i].value), `content of message ${i}`))
}

async function tooLarge() {
  const topic = await createTopic('too-large', 1, { 'max.message.bytes': '10000' })
  const message = { value: crypto.randomBytes(20_000) }
  await assert.rejects(produce(topic, [message], { retry: { retries: 0 } }), { type: 'MESSAGE_TOO_LARGE' })
  const [{ high }] = await admin.fetchTopicOffsets(topic)
  assert.strictEqual(high, '0', 'high watermark')
}

async function timestamps() {
  const topic = await createTopic('timestamps', 1)
  const start = Date.now() - 100_000
  for (let i = 0; i < 20; i++) await produce(topic, [{ value: 'v', timestamp: String(start + 1000 * i) }])
  // Past the last timestamp KafkaJS answers with the end of the partition.
  for (const [after, offset] of [[-5000, 0], [0, 0], [7000, 7], [7001, 8], [19_000, 19], [19_001, 20]]) {
    const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, start + after)
    assert.strictEqual(found.offset, String(offset), `offset for time +${after} ms`)
  }
}

async function seekToBeginning() {
  const topic = await createTopic('seek', 1)
  const sent = numbered(200)
  await produce(topic, sent)
  const member = await new Member(unique('seeker'), topic).start()
  await until('first pass', () => member.records.length >= sent.length)
  member.consumer.seek({ topic, partition: 0, offset: '0' })
  await until('second pass', () => member.records.length >= 2 * sent.length)
  await member.leave()
  const second = member.records.slice(sent.length)
  checkOrder(second)
  assert.deepStrictEqual(sorted(second), sorted(sent), 'contents after the seek')
}

async function describe(topic) {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  })
  return Object.fromEntries(resources[0].configEntries.map(e => [e.configName, e.configValue]))
}

async function topicAdmin() {
  const topic = await createTopic('admin', 2, { 'retention.ms': '7200000' })
  await until('topic listed', async () => (await admin.listTopics()).includes(topic))
  const config = await describe(topic)
  assert.strictEqual(config['retention.ms'], '7200000')
  assert.strictEqual(config['max.message.bytes'], '1048588')
  assert.strictEqual(config['cleanup.policy'], 'delete')
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{
      type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'retention.ms', value: '3600000' }],
    }],
  })
  await until('retention.ms altered', async () => (await describe(topic))['retention.ms'] === '3600000')
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  await until('five partitions', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0].partitions.length === 5
  })
  await admin.deleteTopics({ topics: [topic] })
  await until('topic gone', async () => !(await admin.listTopics()).includes(topic))
}

async function topicExists() {
  const topic = await createTopic('twice', 1)
  assert.strictEqual(await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }), false, 'created twice')
}

async function deleteRecords() {
  const topic = await createTopic('delete-records', 1)
  await produce(topic, numbered(50))
  // deleteTopicRecords looks for the leader before it has asked for the topic's metadata: ask for it.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '20' }] })
  const [{ low, high }] = await admin.fetchTopicOffsets(topic)
  assert.deepStrictEqual([low, high], ['20', '50'], 'watermarks')
  const left = await read(topic, 30)
  assert.strictEqual(left[0].offset, '20', 'first offset left')
}

async function groupRebalance() {
  const topic = await createTopic('group', 4)
  const group = unique('group')
  const sent = numbered(1200)
  await produce(topic, sent)
  const one = await new Member(group, topic).start()
  await until('first member has all', () => one.assigned.length === 4)
  await until('first member reads all', () => one.records.length >= sent.length)
  const two = await new Member(group, topic).start()
  await until('two members share', () =>
    one.assigned.length === 2 && two.assigned.length === 2 && !one.assigned.some(p => two.assigned.includes(p)))
  const more = numbered(100, 50)
  await produce(topic, more)
  const places = () => new Map([...one.records, ...two.records].map(m => [`${m.partition}/${m.offset}`, m]))
  await until('both read what came later', () => places().size === sent.length + more.length)
  assert.ok(two.records.length > 0, 'the second member reads')
  await two.leave()
  await until('first member has all again', () => one.assigned.length === 4)
  await one.leave()
  assert.deepStrictEqual(sorted([...places().values()]), sorted([...sent, ...more]), 'contents')
}

async function groupResume() {
  const topic = await createTopic('resume', 1)
  const group = unique('resume')
  const committed = async () => {
    const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return partitions[0].offset
  }
  assert.strictEqual(await committed(), '-1', 'offset of a group that never committed')
  const sent = numbered(600, 1)
  const got = []
  for (const end of [250, 600]) {
    await produce(topic, sent.slice(got.length, end))
    const member = await new Member(group, topic).start()
    await until(`messages up to ${end}`, () => got.length + member.records.length >= end)
    await member.leave()
    got.push(...member.records)
    assert.strictEqual(await committed(), String(end), 'committed offset')
  }
  assert.deepStrictEqual(got.map(m => m.value.toString()), sent.map(m => m.value), 'both halves')
  await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '590' }] })
  const member = await new Member(group, topic).start()
  await until('the last ten again', () => member.records.length >= 10)
  await member.leave()
  assert.strictEqual(member.records[0].offset, '590', 'first offset after setOffsets')
}

async function groupAdmin() {
  const topic = await createTopic('group-admin', 1)
  const group = unique('group-admin')
  await produce(topic, numbered(10))
  const member = await new Member(group, topic).start()
  await until('ten messages', () => member.records.length >= 10)
  const state = async () => {
    const { groups } = await admin.describeGroups([group])
    return `${groups[0].state} ${groups[0].members.length}`
  }
  assert.strictEqual(await state(), 'Stable 1')
  await member.leave()
  await until('group empty', async () => (await state()) === 'Empty 0')
  const { groups } = await admin.listGroups()
  assert.ok(groups.some(g => g.groupId === group), 'group listed')
  await admin.deleteGroups([group])
  const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  assert.strictEqual(partitions[0].offset, '-1', 'offset of a deleted group')
}

async function describeCluster() {
  const { brokers } = await admin.describeCluster()
  assert.ok(brokers.some(b => `${b.host}:${b.port}` === bootstrap), 'our address')
}

async function main() {
  await registerCodecs()
  await admin.connect()
  await run('roundtrip', () => roundtrip())
  await run('idempotent', () => roundtrip({ idempotent: true, maxInFlightRequests: 1 }))
  await run('nulls_and_headers', nullsAndHeaders)
  for (const [name, type] of Object.entries(CompressionTypes)) {
    await run(`compression_${name.toLowerCase()}`, () => compression(type))
  }
  await run('one_mebibyte', oneMebibyte)
  await run('too_large', tooLarge)
  await run('timestamps', timestamps)
  await run('seek_to_beginning', seekToBeginning)
  await run('admin', topicAdmin)
  await run('topic_exists', topicExists)
  await run('delete_records', deleteRecords)
  await run('group_rebalance', groupRebalance)
  await run('group_resume', groupResume)
  await run('group_admin', groupAdmin)
  await run('describe_cluster', describeCluster)
  const { commitAndAbort, offsets, fencing } = transactions({ kafka, admin, createTopic, produce, read, Member })
  await run('transactions', commitAndAbort)
  await run('transaction_offsets', offsets)
  await run('transaction_fencing', fencing)
  await admin.disconnect()
  process.exit(finish())
}

main()
