package partition

import (
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
)

// topicConfig resolves what a topic's logs are run by, and its settings.
func (s *Set) topicConfig(img *metadata.Image, name string) (*storage.Config, *config.Topic) {
	b := s.cfg.Broker()
	t := b.Topic(img.Configs.Map(metadata.Resource{Type: config.ResourceTopic, Name: name}))
	return storageConfig(b, &t), &t
}

// durability is the rule that gregor.durability names.
func durability(d config.Durability) replica.Durability {
	switch d {
	case config.PageCache:
		return replica.PageCache
	case config.Disk:
		return replica.Disk
	case config.Safe:
	}
	return replica.Safe
}

// rule is the topic's durability.
func (t *topic) rule() replica.Durability { return replica.Durability(t.durability.Load()) }

func storageConfig(b *config.Broker, t *config.Topic) *storage.Config {
	c := storage.DefaultConfig()
	c.SegmentBytes, c.SegmentMs, c.SegmentJitterMs = t.SegmentBytes, t.MaxSegmentMs(), t.SegmentJitterMs
	c.SegmentIndexBytes, c.IndexIntervalBytes = t.SegmentIndexBytes, t.IndexIntervalBytes
	c.Preallocate, c.FlushMessages, c.FlushMs = t.Preallocate, t.FlushMessages, t.FlushMs
	c.RetentionMs, c.RetentionBytes = t.RetentionMs, t.RetentionBytes
	c.FileDeleteDelayMs, c.Compact, c.Delete = t.FileDeleteDelayMs, t.Compact, t.Delete
	c.MinCleanableRatio, c.DeleteRetentionMs = t.MinCleanableDirtyRatio, t.DeleteRetentionMs
	c.MinCompactionLagMs, c.MaxCompactionLagMs = t.MinCompactionLagMs, t.MaxCompactionLagMs
	c.MaxMessageBytes = t.MaxMessageBytes
	c.TimestampType = batch.TimestampType(t.MessageTimestampType)
	c.BeforeMaxMs, c.AfterMaxMs = t.MessageTimestampBeforeMaxMs, t.MessageTimestampAfterMaxMs
	c.ProducerIDExpirationMs = int64(b.ProducerIDExpirationMs)
	c.VerifyTransactions = b.Bool("transaction.partition.verification.enable")
	switch t.CompressionType {
	case "producer":
	case "uncompressed":
		c.Recompress, c.Codec = true, compress.None
	default:
		c.Codec, c.Recompress = compress.ParseCodec(t.CompressionType)
		switch c.Codec {
		case compress.Gzip:
			c.Level = compress.Level(t.CompressionGzipLevel)
		case compress.Lz4:
			c.Level = compress.Level(t.CompressionLz4Level)
		case compress.Zstd:
			c.Level = compress.Level(t.CompressionZstdLevel)
		case compress.None, compress.Snappy:
		}
	}
	return &c
}
