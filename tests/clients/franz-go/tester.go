package main

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const mebibyte = 1 << 20

var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()},
	{"gzip", kgo.GzipCompression()},
	{"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()},
	{"zstd", kgo.ZstdCompression()},
}

type tester struct {
	ctx   context.Context
	admin *kadm.Client
}

// topic creates a topic with a fresh name.
func (t *tester) topic(stem string, partitions int32, config map[string]string) (string, error) {
	name := unique(stem)
	values := map[string]*string{}
	for key, value := range config {
		values[key] = kadm.StringPtr(value)
	}
	if _, err := t.admin.CreateTopic(t.ctx, partitions, 1, values, name); err != nil {
		return name, err
	}
	// Kafka answers before it serves the new partitions; that moment is not what is tested.
	err := until("the new partitions are served", func() (bool, error) {
		ends, err := t.admin.ListEndOffsets(t.ctx, name)
		return len(ends[name]) == int(partitions) && ends.Error() == nil, err
	})
	return name, err
}

// produce sends records with acks=all; the records then carry their partition and offset.
func (t *tester) produce(records []*kgo.Record, options ...kgo.Opt) error {
	options = append([]kgo.Opt{
		kgo.SeedBrokers(bootstrap()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(2 * mebibyte),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}, options...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.ProduceSync(t.ctx, records...).FirstErr()
}

// read consumes count records of a topic from its beginning and sees that none follows.
func (t *tester) read(topic string, count int, options ...kgo.Opt) ([]*kgo.Record, error) {
	options = append([]kgo.Opt{
		kgo.SeedBrokers(bootstrap()),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}, options...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var got []*kgo.Record
	err = until(fmt.Sprintf("%d records", count), func() (bool, error) {
		records, err := poll(t.ctx, client)
		got = append(got, records...)
		return len(got) >= count, err
	})
	if err != nil {
		return nil, err
	}
	extra, err := poll(t.ctx, client)
	if err != nil {
		return nil, err
	}
	return got, equal(len(got)+len(extra), count, "records read")
}

// poll waits at most 300 ms for records.
func poll(ctx context.Context, client *kgo.Client) ([]*kgo.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	fetches := client.PollFetches(ctx)
	for _, e := range fetches.Errors() {
		if ctx.Err() == nil {
			return nil, e.Err
		}
	}
	return fetches.Records(), nil
}

// numbered makes records whose values name their key and their number within it.
func numbered(topic string, count, keys, size int) []*kgo.Record {
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{
			Topic: topic,
			Key:   []byte(fmt.Sprintf("key-%d", i%keys)),
			Value: []byte(fmt.Sprintf("%d:%d:%s", i%keys, i/keys, strings.Repeat("x", size))),
		}
	}
	return records
}

// checkOrder sees that offsets rise by one in a partition and that each key keeps its order.
func checkOrder(records []*kgo.Record) error {
	offsets, numbers := map[int32]int64{}, map[string]int{}
	for _, r := range records {
		if err := equal(r.Offset, offsets[r.Partition], fmt.Sprintf("next offset of partition %d", r.Partition)); err != nil {
			return err
		}
		offsets[r.Partition]++
		parts := strings.SplitN(string(r.Value), ":", 3)
		if err := equal(string(r.Key), "key-"+parts[0], "key"); err != nil {
			return err
		}
		number, err := strconv.Atoi(parts[1])
		if err != nil {
			return err
		}
		if err := equal(number, numbers[parts[0]], "next number of key "+parts[0]); err != nil {
			return err
		}
		numbers[parts[0]]++
	}
	return nil
}

// sameContent compares key, value and headers, telling null from empty.
func sameContent(got, want *kgo.Record) error {
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	if !same(got.Key, want.Key) || !same(got.Value, want.Value) || len(got.Headers) != len(want.Headers) {
		return fmt.Errorf("got %.80q=%.80q with %d headers, want %.80q=%.80q with %d",
			got.Key, got.Value, len(got.Headers), want.Key, want.Value, len(want.Headers))
	}
	for i, h := range want.Headers {
		if got.Headers[i].Key != h.Key || !same(got.Headers[i].Value, h.Value) {
			return fmt.Errorf("header %d: got %v, want %v", i, got.Headers[i], h)
		}
	}
	return nil
}

func sameContents(got, want []*kgo.Record) error {
	if err := equal(len(got), len(want), "records"); err != nil {
		return err
	}
	for i := range want {
		if err := sameContent(got[i], want[i]); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
	}
	return nil
}

func byPlace(records []*kgo.Record) {
	sort.Slice(records, func(i, j int) bool {
		if records[i].Partition != records[j].Partition {
			return records[i].Partition < records[j].Partition
		}
		return records[i].Offset < records[j].Offset
	})
}
