package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func (t *tester) roundtrip(options ...kgo.Opt) error {
	topic, err := t.topic("roundtrip", 3, nil)
	if err != nil {
		return err
	}
	sent := numbered(topic, 1500, 17, 100)
	if err := t.produce(sent, options...); err != nil {
		return err
	}
	got, err := t.read(topic, len(sent))
	if err != nil {
		return err
	}
	if err := checkOrder(got); err != nil {
		return err
	}
	byPlace(sent)
	byPlace(got)
	return sameContents(got, sent)
}

func (t *tester) nullsAndHeaders() error {
	topic, err := t.topic("shapes", 1, nil)
	if err != nil {
		return err
	}
	header := func(key string, value []byte) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: value} }
	sent := []*kgo.Record{
		{Key: []byte("key"), Value: []byte("value"), Headers: []kgo.RecordHeader{header("h", []byte("1"))}},
		{Key: []byte("tombstone")},
		{Key: []byte("empty value"), Value: []byte{}},
		{Value: []byte("no key")},
		{Key: []byte{}, Value: []byte("empty key")},
		{Value: []byte("repeated"), Headers: []kgo.RecordHeader{
			header("h", []byte("1")), header("g", []byte{}), header("h", []byte("2")), header("null", nil), header("", []byte("x")),
		}},
	}
	for _, r := range sent {
		r.Topic = topic
	}
	if err := t.produce(sent); err != nil {
		return err
	}
	got, err := t.read(topic, len(sent))
	if err != nil {
		return err
	}
	return sameContents(got, sent)
}

func (t *tester) compression(name string, codec kgo.CompressionCodec) error {
	topic, err := t.topic("compression-"+name, 2, nil)
	if err != nil {
		return err
	}
	sent := numbered(topic, 400, 17, 200)
	if err := t.produce(sent, kgo.ProducerBatchCompression(codec)); err != nil {
		return err
	}
	got, err := t.read(topic, len(sent))
	if err != nil {
		return err
	}
	if err := checkOrder(got); err != nil {
		return err
	}
	byPlace(sent)
	byPlace(got)
	return sameContents(got, sent)
}

func (t *tester) oneMebibyte(codec kgo.CompressionCodec) error {
	topic, err := t.topic("large", 1, map[string]string{"max.message.bytes": "2097152"})
	if err != nil {
		return err
	}
	var sent []*kgo.Record
	for i := range 6 {
		// Half random, so that compressing it leaves a large batch too.
		value := append(randomBytes(mebibyte/2), bytes.Repeat([]byte{byte(i)}, mebibyte/2)...)
		sent = append(sent, &kgo.Record{Topic: topic, Value: value})
	}
	if err := t.produce(sent, kgo.ProducerBatchCompression(codec)); err != nil {
		return err
	}
	got, err := t.read(topic, len(sent))
	if err != nil {
		return err
	}
	return sameContents(got, sent)
}

func (t *tester) tooLarge() error {
	topic, err := t.topic("too-large", 1, map[string]string{"max.message.bytes": "10000"})
	if err != nil {
		return err
	}
	err = t.produce([]*kgo.Record{{Topic: topic, Value: randomBytes(20000)}})
	if !errors.Is(err, kerr.MessageTooLarge) {
		return fmt.Errorf("a batch over max.message.bytes: got %v", err)
	}
	return t.watermarks(topic, 0, 0)
}

// watermarks sees that partition 0 begins and ends at the given offsets.
func (t *tester) watermarks(topic string, low, high int64) error {
	starts, err := t.admin.ListStartOffsets(t.ctx, topic)
	if err != nil {
		return err
	}
	ends, err := t.admin.ListEndOffsets(t.ctx, topic)
	if err != nil {
		return err
	}
	start, _ := starts.Lookup(topic, 0)
	end, _ := ends.Lookup(topic, 0)
	return equal([2]int64{start.Offset, end.Offset}, [2]int64{low, high}, "watermarks")
}

func (t *tester) timestamps() error {
	topic, err := t.topic("timestamps", 1, nil)
	if err != nil {
		return err
	}
	start := time.Now().Add(-100 * time.Second).UnixMilli()
	const count = 20
	for i := range int64(count) {
		record := &kgo.Record{Topic: topic, Value: []byte("v"), Timestamp: time.UnixMilli(start + 1000*i)}
		if err := t.produce([]*kgo.Record{record}); err != nil {
			return err
		}
	}
	// Past the last timestamp there is no offset; kadm answers with the end of the partition then.
	for after, want := range map[int64]int64{-5000: 0, 0: 0, 7000: 7, 7001: 8, 19000: 19, 19001: count} {
		found, err := t.admin.ListOffsetsAfterMilli(t.ctx, start+after, topic)
		if err != nil {
			return err
		}
		offset, _ := found.Lookup(topic, 0)
		if err := equal(offset.Offset, want, fmt.Sprintf("offset for time +%d ms", after)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tester) seekToBeginning() error {
	topic, err := t.topic("seek", 1, nil)
	if err != nil {
		return err
	}
	sent := numbered(topic, 200, 17, 100)
	if err := t.produce(sent); err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for range 2 {
		var got []*kgo.Record
		err := until("a pass", func() (bool, error) {
			records, err := poll(t.ctx, client)
			got = append(got, records...)
			return len(got) >= len(sent), err
		})
		if err != nil {
			return err
		}
		if err := sameContents(got, sent); err != nil {
			return err
		}
		client.SetOffsets(map[string]map[int32]kgo.EpochOffset{topic: {0: {Epoch: -1, Offset: 0}}})
	}
	return nil
}

// leaderEpochs asks where the current epoch ends and where one ends that does not exist yet.
func (t *tester) leaderEpochs() error {
	topic, err := t.topic("epochs", 1, nil)
	if err != nil {
		return err
	}
	if err := t.produce(numbered(topic, 30, 3, 10)); err != nil {
		return err
	}
	metadata, err := t.admin.Metadata(t.ctx, topic)
	if err != nil {
		return err
	}
	epoch := metadata.Topics[topic].Partitions[0].LeaderEpoch
	if epoch < 0 {
		return fmt.Errorf("metadata carries no leader epoch: %d", epoch)
	}
	var request kadm.OffsetForLeaderEpochRequest
	request.Add(topic, 0, epoch)
	answer, err := t.admin.OffsetForLeaderEpoch(t.ctx, request)
	if err != nil {
		return err
	}
	got := answer[topic][0]
	if got.Err != nil {
		return got.Err
	}
	if err := equal(got.LeaderEpoch, epoch, "epoch"); err != nil {
		return err
	}
	return equal(got.EndOffset, 30, "end of the epoch")
}

func (t *tester) autoCreate() error {
	topic := unique("auto")
	sent := []*kgo.Record{{Topic: topic, Value: []byte(strings.Repeat("first", 3))}}
	if err := t.produce(sent); err != nil {
		return err
	}
	got, err := t.read(topic, 1)
	if err != nil {
		return err
	}
	return sameContents(got, sent)
}
