// kafkajs: every step of the conformance table.
// usage: conformance.js NODE_MODULES BOOTSTRAP PREFIX
'use strict'
const crypto = require('crypto')
const path = require('path')

const [modules, bootstrap, prefix] = process.argv.slice(2)
const from = (name) => require(path.join(modules, name))
const { Kafka, CompressionCodecs, CompressionTypes, ConfigResourceTypes, logLevel } = from('kafkajs')

const TIMESTAMP = 1577836800000 // 2020-01-01, the first record's
const LARGE = 104857600 - 1024
const topic = (name) => prefix + name
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, requestTimeout: 60000, retry: { retries: 8 } })
const admin = kafka.admin()
const hasty = kafka.admin({ retry: { retries: 1, initialRetryTime: 50 } }) // for errors that kafkajs repeats

const print = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const cannot = (step, reason) => print({ step, cannot: reason })
const step = async (name, run) => {
  try {
    print({ step: name, answer: (await run()) ?? null })
  } catch (error) {
    console.error(name, error)
    print({ step: name, error: error.name })
  }
}
const failure = async (call) => {
  try {
    await call()
    return 'no error'
  } catch (error) {
    return error.type || (error.errors && error.errors[0].type) || error.name
  }
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (what, check) => {
  const deadline = Date.now() + 30000
  for (;;) {
    const result = await check()
    if (result) return result
    if (Date.now() > deadline) throw new Error(what + ': not in time')
    await sleep(20)
  }
}
// kafkajs's own wait for leaders gives up when Kafka is slow to show a topic
const create = async (name, partitions, factor) => {
  const topics = [{ topic: topic(name), numPartitions: partitions, replicationFactor: factor }]
  const created = await admin.createTopics({ waitForLeaders: false, topics })
  await until('leaders', async () => (await failure(() => admin.fetchTopicMetadata({ topics: [topic(name)] }))) === 'no error')
  return created
}
const digest = (data) => data.length + ' bytes ' + crypto.createHash('md5').update(data).digest('hex')

// Codecs beyond gzip are plug-ins of kafkajs.
const codecs = async () => {
  CompressionCodecs[CompressionTypes.Snappy] = from('kafkajs-snappy')
  const lz4 = from('lz4js')
  const xxh32 = from('lz4js/xxh32')
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async (encoder) => {
      const frame = Buffer.from(lz4.compress(encoder.buffer)) // one block: independent, which Kafka wants to be told
      frame[4] |= 0x20
      frame[6] = (xxh32.hash(0, frame, 4, 2) >> 8) & 0xff
      return frame
    },
    decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
  })
  const zstd = from('@bokuweb/zstd-wasm')
  await zstd.init()
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer, 3)),
    decompress: async (buffer) => Buffer.from(zstd.decompress(buffer)),
  })
}

const produce = async (messages, options = {}, name = 'four') => {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  try {
    return await producer.send({ topic: topic(name), acks: -1, messages, ...options })
  } finally {
    await producer.disconnect()
  }
}
const numbered = (count) =>
  [...Array(count).keys()].map((i) => ({ key: 'key-' + i, value: 'value-' + i, timestamp: String(TIMESTAMP + i) }))
const shown = ({ partition, message: m }) =>
  [partition, m.offset, m.timestamp, String(m.key), String(m.value),
    ...Object.entries(m.headers || {}).map(([k, v]) => k + '=' + v)].join(' ')

// consume reads count messages as a member of a group, then leaves.
const consume = async (group, name, count, { fromBeginning = true, started, seek, ...run } = {}) => {
  const consumer = kafka.consumer({ groupId: topic(group), sessionTimeout: 6000, heartbeatInterval: 200, maxWaitTimeInMs: 200, maxBytesPerPartition: 2 * LARGE, maxBytes: 2 * LARGE })
  const got = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: topic(name), fromBeginning })
    let joined = false
    consumer.on(consumer.events.GROUP_JOIN, () => { joined = true })
    await consumer.run({ ...run, eachMessage: async (m) => { got.push(m) } })
    if (seek) seek(consumer)
    await until('join', () => joined)
    if (started) await started(consumer)
    await until(count + ' messages', () => got.length >= count)
    return got.sort((a, b) => a.partition - b.partition || Number(a.message.offset) - Number(b.message.offset))
  } finally {
    await consumer.disconnect()
  }
}
const places = (messages) => messages.map((m) => m.partition + ':' + m.message.offset)
const committed = async (group, name) =>
  (await admin.fetchOffsets({ groupId: topic(group), topics: [topic(name)] }))[0].partitions
    .map((p) => `${p.partition} ${p.offset} ${p.metadata}`).sort()

const main = async () => {
  await codecs()
  await admin.connect()
  await hasty.connect()
  await step('create topics', async () => {
    await create('one', 1, 1)
    await create('four', 4, 1)
    const again = await create('one', 1, 1) // kafkajs says false for a topic that exists
    const bad = await failure(() => admin.createTopics({ topics: [{ topic: 'not a name', numPartitions: 1, replicationFactor: 1 }] }))
    return [again, bad]
  })
  await step('refuse replication factor', () => failure(() => create('wide', 1, 2)))
  await step('list topics', async () => (await admin.listTopics()).filter((t) => t.startsWith(prefix)).sort())
  await step('produce with keys', async () => {
    const sent = await produce(numbered(20))
    return [sent.map((s) => s.partition + ':' + s.baseOffset).sort(), (await consume('keys', 'four', 20)).map(shown)]
  })
  await step('produce with headers', async () => {
    await produce([{ key: 'k', value: 'with headers', timestamp: String(TIMESTAMP), headers: { a: ['1', '2'], empty: '' } }], {}, 'one')
    return (await consume('headers', 'one', 1)).map(shown)
  })
  const types = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD }
  for (const [name, compression] of Object.entries(types)) {
    await step('codec ' + name, async () => {
      await create('codec-' + name, 1, 1)
      const sent = await produce(numbered(100), { compression }, 'codec-' + name)
      const got = await consume('codec-' + name, 'codec-' + name, 100)
      return [sent[0].baseOffset, shown(got[0]), shown(got[99])]
    })
  }
  await step('callbacks', async () => {
    const producer = kafka.producer()
    await producer.connect()
    const results = await Promise.all(numbered(50).map((m) => producer.send({ topic: topic('one'), messages: [m] })))
    await producer.disconnect()
    return results.map((r) => Number(r[0].baseOffset)).sort((a, b) => a - b)
  })
  await step('request of 100 MB', async () => {
    await create('large', 1, 1)
    const value = Buffer.alloc(LARGE, '0123456789abcdef')
    const sent = await produce([{ value, timestamp: String(TIMESTAMP) }], {}, 'large')
    const [got] = await consume('large', 'large', 1)
    return [sent[0].baseOffset, digest(got.message.value), value.equals(got.message.value)]
  })
  await step('earliest', async () => places(await consume('earliest', 'four', 20)))
  await step('latest', async () => {
    const end = (await admin.fetchTopicOffsets(topic('one')))[0].high
    let value
    await consume('latest', 'one', 1, {
      fromBeginning: false,
      started: () => until('late', async () => { // the position may be taken a moment later
        await produce([{ value: 'late' }], {}, 'one')
        return Number((await admin.fetchTopicOffsets(topic('one')))[0].high) > Number(end)
      }),
    }).then((got) => { value = [String(got[0].message.value), Number(got[0].message.offset) >= Number(end)] })
    return value
  })
  await step('manual commit', async () => {
    await consume('manual', 'one', 10, {
      autoCommit: false,
      started: (c) => c.commitOffsets([{ topic: topic('one'), partition: 0, offset: '7', metadata: 'note' }]),
    })
    const found = await committed('manual', 'one')
    return [found, (await consume('manual', 'one', 1, { autoCommit: false }))[0].message.offset]
  })
  await step('automatic commit', async () => {
    await consume('auto', 'four', 20, { autoCommit: true, autoCommitInterval: 100 })
    return committed('auto', 'four')
  })
  await step('seek by timestamp', async () => {
    const at = (await admin.fetchTopicOffsetsByTimestamp(topic('four'), TIMESTAMP + 10)).sort((a, b) => a.partition - b.partition)
    const got = await consume('seek', 'four', 10, {
      autoCommit: false,
      seek: (c) => at.forEach((p) => c.seek({ topic: topic('four'), partition: p.partition, offset: p.offset })),
    })
    return [at, got.map((m) => String(m.message.key)).sort()]
  })
  await step('several groups', async () => {
    const answers = []
    for (const group of ['first', 'second']) answers.push(places(await consume(group, 'four', 20)), await committed(group, 'four'))
    return answers
  })
  await step('group of two with rebalances', async () => {
    const member = async () => {
      const consumer = kafka.consumer({ groupId: topic('two'), sessionTimeout: 6000, heartbeatInterval: 200, maxWaitTimeInMs: 200 })
      const m = { consumer, owns: 0 }
      consumer.on(consumer.events.GROUP_JOIN, (e) => { m.owns = (e.payload.memberAssignment[topic('four')] || []).length })
      await consumer.connect()
      await consumer.subscribe({ topic: topic('four'), fromBeginning: true })
      await consumer.run({ eachMessage: async () => {} })
      return m
    }
    const a = await member()
    await until('four', () => a.owns === 4)
    const b = await member()
    await until('two each', () => a.owns === 2 && b.owns === 2)
    await b.consumer.disconnect()
    await until('four again', () => a.owns === 4)
    await a.consumer.disconnect()
    return [4, 2, 2, 4]
  })
  const transactional = async (name) => {
    const p = kafka.producer({ transactionalId: topic(name), idempotent: true, maxInFlightRequests: 1 })
    await p.connect()
    return p
  }
  const allOf = async (group, name, count) => { // kafkajs reads what is committed, unless it is told otherwise
    const consumer = kafka.consumer({ groupId: topic(group), maxWaitTimeInMs: 200 })
    const seen = []
    await consumer.connect()
    await consumer.subscribe({ topic: topic(name), fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => { seen.push([Number(message.offset), String(message.value)]) } })
    await until(count + ' records', () => seen.length >= count)
    await consumer.disconnect()
    return seen
  }
  await step('transactions', async () => {
    await create('txns', 1, 1)
    const p = await transactional('txn')
    for (const values of ['abc', '-xy', 'd']) {
      const txn = await p.transaction()
      await txn.send({ topic: topic('txns'), messages: [...values.replace('-', '')].map((value) => ({ value, partition: 0 })) })
      await (values.startsWith('-') ? txn.abort() : txn.commit())
    }
    await p.disconnect()
    return allOf('txns', 'txns', 4)
  })
  await step('exactly once', async () => {
    const count = 60
    await create('etl-in', 1, 1)
    await create('etl-out', 1, 1)
    const first = kafka.producer()
    await first.connect()
    await first.send({ topic: topic('etl-in'), messages: [...Array(count).keys()].map((i) => ({ value: 'v' + i, partition: 0 })) })
    await first.disconnect()
    const p = await transactional('etl')
    const consumer = kafka.consumer({ groupId: topic('etl'), maxWaitTimeInMs: 200, maxBytes: 200 })
    let [done, rounds] = [0, 0]
    await consumer.connect()
    await consumer.subscribe({ topic: topic('etl-in'), fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        for (let i = 0; i < batch.messages.length; i += 7) {
          const messages = batch.messages.slice(i, i + 7)
          const next = Number(messages[messages.length - 1].offset) + 1
          for (let commit = false; !commit; rounds++) { // what is aborted is done again
            commit = rounds % 3 !== 2
            const txn = await p.transaction()
            await txn.send({ topic: topic('etl-out'), messages: messages.map((m) => ({ value: m.value, partition: 0 })) })
            await txn.sendOffsets({ consumerGroupId: topic('etl'), topics: [{ topic: topic('etl-in'), partitions: [{ partition: 0, offset: String(next) }] }] })
            await (commit ? txn.commit() : txn.abort())
          }
          resolveOffset(String(next - 1))
          done = next
        }
      },
    })
    await until('all records', () => done >= count)
    await consumer.disconnect()
    await p.disconnect()
    const seen = (await allOf('etl-check', 'etl-out', count)).map(([, value]) => value)
    return [seen.length, new Set(seen).size, await committed('etl', 'etl-in')]
  })
  await step('configs', async () => {
    const set = (value) => admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic('one'), configEntries: [{ name: 'retention.ms', value }] }] })
    await set('123456')
    const found = await until('configs', async () => {
      const { resources } = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic('one') }] })
      const entries = resources[0].configEntries.map((e) => [e.configName, e.configValue, e.isDefault, e.configSource, e.readOnly, e.isSensitive].join(' ')).sort()
      return entries.some((e) => e.includes('123456')) && entries
    })
    return [found, await failure(() => set('x'))]
  })
  await step('create partitions', async () => {
    const grow = (count) => admin.createPartitions({ topicPartitions: [{ topic: topic('one'), count }] })
    await grow(3)
    return [await failure(() => grow(2)), await failure(() => grow(3))]
  })
  await step('delete records', async () => {
    const remove = (offset) => admin.deleteTopicRecords({ topic: topic('codec-gzip'), partitions: [{ partition: 0, offset }] })
    await until('deletion', async () => (await failure(() => remove('40'))) === 'no error') // the leader may be unknown to it yet
    return [(await admin.fetchTopicOffsets(topic('codec-gzip')))[0], await failure(() => remove('4000'))]
  })
  await step('groups', async () => {
    const mine = (await admin.listGroups()).groups.filter((g) => g.groupId.startsWith(prefix)).map((g) => g.groupId + ' ' + g.protocolType).sort()
    const first = (await admin.describeGroups([topic('first')])).groups[0]
    const remove = async () => failure(async () => {
      const [result] = await admin.deleteGroups([topic('first')])
      if (result.errorCode) throw result.error
    })
    return [mine, first.state, first.members.length, await remove(), await remove()]
  })
  await step('cluster', async () => {
    const { brokers, controller, clusterId } = await admin.describeCluster()
    return [brokers.map((b) => b.nodeId), controller, Boolean(clusterId)]
  })
  cannot('log directories', 'kafkajs has no DescribeLogDirs')
  await step('delete topics', async () => {
    await admin.deleteTopics({ topics: [topic('large'), topic('codec-none')] })
    const unknown = await failure(() => hasty.deleteTopics({ topics: [topic('no-such')] }))
    await until('deletion', async () => !(await admin.listTopics()).includes(topic('large')))
    return [unknown, (await admin.listTopics()).filter((t) => t.startsWith(prefix)).sort()]
  })
  await admin.disconnect()
  await hasty.disconnect()
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
