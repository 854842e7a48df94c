'use strict'

// KafkaJS ships gzip alone; these are the other codecs of Kafka, made of packages that need no compiler.

const { CompressionTypes, CompressionCodecs } = require('kafkajs')
const lz4 = require('lz4-napi')
const snappy = require('snappyjs')
const { ZstdCodec } = require('zstd-codec')

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])

/** Snappy in the framing of xerial's Java library: a 16-byte header, then length-prefixed blocks. */
function unsnappy(buffer) {
  if (!buffer.subarray(0, 8).equals(XERIAL)) return Buffer.from(snappy.uncompress(buffer))
  const blocks = []
  for (let at = 16; at < buffer.length; ) {
    const size = buffer.readInt32BE(at)
    blocks.push(Buffer.from(snappy.uncompress(buffer.subarray(at + 4, at + 4 + size))))
    at += 4 + size
  }
  return Buffer.concat(blocks)
}

function xerial(buffer) {
  const header = Buffer.alloc(16)
  XERIAL.copy(header)
  header.writeInt32BE(1, 8)
  header.writeInt32BE(1, 12)
  const parts = [header]
  for (let at = 0; at < buffer.length; at += 32768) {
    const block = Buffer.from(snappy.compress(buffer.subarray(at, at + 32768)))
    const size = Buffer.alloc(4)
    size.writeInt32BE(block.length)
    parts.push(size, block)
  }
  return Buffer.concat(parts)
}

function register(type, compress, decompress) {
  CompressionCodecs[type] = () => ({
    compress: async encoder => compress(encoder.buffer),
    decompress: async buffer => decompress(buffer),
  })
}

/** Registers snappy, lz4 and zstd with KafkaJS. */
async function registerCodecs() {
  register(CompressionTypes.Snappy, xerial, unsnappy)
  register(CompressionTypes.LZ4, lz4.compressFrameSync, lz4.decompressFrameSync)
  const zstd = await new Promise(resolve => ZstdCodec.run(module => resolve(new module.Simple())))
  register(CompressionTypes.ZSTD, b => Buffer.from(zstd.compress(b, 3)), b => Buffer.from(zstd.decompress(b)))
}

module.exports = { registerCodecs }
