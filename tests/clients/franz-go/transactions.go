package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// transactional is a producer with a transactional id, which the broker has made ready.
func (t *tester) transactional(name string) (*kgo.Client, error) {
	client, err := kgo.NewClient(transactionOptions(name)...)
	if err != nil {
		return nil, err
	}
	if _, _, err := client.ProducerID(t.ctx); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

func transactionOptions(name string) []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(bootstrap()),
		kgo.TransactionalID(name),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
}

// named makes records that name the transaction they belong to and their number within it.
func named(topic, stem string, count, partitions int) []*kgo.Record {
	records := make([]*kgo.Record, count)
	for i := range records {
		value := fmt.Appendf(nil, "%s %d", stem, i)
		records[i] = &kgo.Record{Topic: topic, Value: value, Partition: int32(i % partitions)}
	}
	return records
}

// write produces records in a transaction of their own and leaves it open.
func (t *tester) write(client *kgo.Client, records []*kgo.Record) error {
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	return client.ProduceSync(t.ctx, records...).FirstErr()
}

// sees reads a topic from the beginning: the wanted records, in order within each partition, and no others.
func (t *tester) sees(topic string, level kgo.IsolationLevel, want []*kgo.Record, what string) error {
	got, err := t.read(topic, len(want), kgo.FetchIsolationLevel(level))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	want = append([]*kgo.Record(nil), want...)
	byPlace(got)
	byPlace(want)
	if err := sameContents(got, want); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// transactions: a reader of committed records gets those of committed transactions, and none from the first open one on.
func (t *tester) transactions() error {
	topic, err := t.topic("transactions", 2, nil)
	if err != nil {
		return err
	}
	client, err := t.transactional(unique("transactions"))
	if err != nil {
		return err
	}
	defer client.Close()
	var everything, committed []*kgo.Record
	for number, end := range []kgo.TransactionEndTry{
		kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryCommit, kgo.TryAbort, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort,
	} {
		sent := named(topic, fmt.Sprintf("transaction %d", number), 20, 2)
		if err := t.write(client, sent); err != nil {
			return err
		}
		if err := client.EndTransaction(t.ctx, end); err != nil {
			return err
		}
		everything = append(everything, sent...)
		if end == kgo.TryCommit {
			committed = append(committed, sent...)
		}
	}
	if err := t.sees(topic, kgo.ReadCommitted(), committed, "all ended, committed"); err != nil {
		return err
	}
	if err := t.sees(topic, kgo.ReadUncommitted(), everything, "all ended, uncommitted"); err != nil {
		return err
	}
	return t.openTransaction(topic, client, everything, committed)
}

// openTransaction: where it begins, a partition ends for readers of committed records.
func (t *tester) openTransaction(topic string, client *kgo.Client, everything, committed []*kgo.Record) error {
	open, plain := named(topic, "open", 20, 2), named(topic, "outside of any", 20, 2)
	if err := t.write(client, open); err != nil {
		return err
	}
	if err := t.produce(plain, kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		return err
	}
	later := append(open, plain...)
	if err := t.sees(topic, kgo.ReadCommitted(), committed, "one open, committed"); err != nil {
		return err
	}
	if err := t.sees(topic, kgo.ReadUncommitted(), append(everything, later...), "one open, uncommitted"); err != nil {
		return err
	}
	ends, err := t.admin.ListCommittedOffsets(t.ctx, topic)
	if err != nil {
		return err
	}
	end, _ := ends.Lookup(topic, 0)
	if err := equal(end.Offset, open[0].Offset, "last stable offset"); err != nil {
		return err
	}
	if err := client.EndTransaction(t.ctx, kgo.TryCommit); err != nil {
		return err
	}
	return t.sees(topic, kgo.ReadCommitted(), append(committed, later...), "the open one committed")
}

// transactionOffsets: what a group consumed is committed with what was made of it, or not at all.
func (t *tester) transactionOffsets() error {
	source, err := t.topic("source", 1, nil)
	if err != nil {
		return err
	}
	target, err := t.topic("target", 1, nil)
	if err != nil {
		return err
	}
	consumed := named(source, "consumed", 40, 1)
	if err := t.produce(consumed); err != nil {
		return err
	}
	group := unique("transformers")
	session, err := kgo.NewGroupTransactSession(append(
		transactionOptions(unique("transactions")),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(source),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.SessionTimeout(10*time.Second),
	)...)
	if err != nil {
		return err
	}
	defer session.Close()
	var made []*kgo.Record
	for _, round := range []struct {
		start, end int
		how        kgo.TransactionEndTry
	}{{0, 25, kgo.TryCommit}, {25, 40, kgo.TryAbort}, {25, 40, kgo.TryCommit}} {
		sent, err := t.transform(session, target, consumed[round.start:round.end])
		if err != nil {
			return err
		}
		ended, err := session.End(t.ctx, round.how)
		if err != nil {
			return err
		}
		if err := equal(ended, round.how == kgo.TryCommit, "committed"); err != nil {
			return err
		}
		offset := round.start
		if ended {
			offset = round.end
			made = append(made, sent...)
		}
		// EndTxn is answered before the group's coordinator has the marker.
		err = until(fmt.Sprintf("committed offset %d", offset), func() (bool, error) {
			got, err := t.committed(group, source)
			return got == int64(offset), err
		})
		if err != nil {
			return err
		}
	}
	return t.sees(target, kgo.ReadCommitted(), made, "made")
}

// transform begins a transaction, consumes the wanted records and produces one of each.
func (t *tester) transform(session *kgo.GroupTransactSession, target string, want []*kgo.Record) ([]*kgo.Record, error) {
	if err := session.Begin(); err != nil {
		return nil, err
	}
	var got, sent []*kgo.Record
	err := until(fmt.Sprintf("%d records", len(want)), func() (bool, error) {
		fetches := session.PollRecords(t.ctx, len(want)-len(got))
		got = append(got, fetches.Records()...)
		return len(got) == len(want), fetches.Err()
	})
	if err != nil {
		return nil, err
	}
	if err := sameContents(got, want); err != nil {
		return nil, err
	}
	for _, r := range got {
		sent = append(sent, &kgo.Record{Topic: target, Value: append([]byte("made of "), r.Value...)})
	}
	return sent, session.ProduceSync(t.ctx, sent...).FirstErr()
}

// transactionFencing: a second producer with the same transactional id aborts the first one's transaction and fences it.
func (t *tester) transactionFencing() error {
	topic, err := t.topic("fencing", 1, nil)
	if err != nil {
		return err
	}
	name := unique("transactions")
	first, err := t.transactional(name)
	if err != nil {
		return err
	}
	defer first.Close()
	ofFirst, ofSecond := named(topic, "first", 10, 1), named(topic, "second", 10, 1)
	if err := t.write(first, ofFirst); err != nil {
		return err
	}
	second, err := t.transactional(name)
	if err != nil {
		return err
	}
	defer second.Close()
	if err := first.EndTransaction(t.ctx, kgo.TryCommit); !errors.Is(err, kerr.ProducerFenced) {
		return fmt.Errorf("a fenced producer commits: got %v", err)
	}
	if err := t.write(second, ofSecond); err != nil {
		return err
	}
	if err := second.EndTransaction(t.ctx, kgo.TryCommit); err != nil {
		return err
	}
	if err := t.sees(topic, kgo.ReadCommitted(), ofSecond, "committed"); err != nil {
		return err
	}
	return t.sees(topic, kgo.ReadUncommitted(), append(ofFirst, ofSecond...), "uncommitted")
}
