package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// member is one consumer of a group, polled by hand; what it reads and which partitions it has.
type member struct {
	ctx     context.Context
	client  *kgo.Client
	records []*kgo.Record

	lock     sync.Mutex
	assigned map[int32]bool
}

func (t *tester) member(group, topic string, balancer kgo.GroupBalancer) (*member, error) {
	m := &member{ctx: t.ctx, assigned: map[int32]bool{}}
	change := func(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			m.lock.Lock()
			defer m.lock.Unlock()
			for _, p := range partitions[topic] {
				if has {
					m.assigned[p] = true
				} else {
					delete(m.assigned, p)
				}
			}
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap()),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.Balancers(balancer),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.SessionTimeout(10*time.Second),
		kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.OnPartitionsAssigned(change(true)),
		kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false)),
	)
	m.client = client
	return m, err
}

func (m *member) poll() error {
	records, err := poll(m.ctx, m.client)
	m.records = append(m.records, records...)
	return err
}

func (m *member) readUntil(what string, condition func() bool) error {
	return until(what, func() (bool, error) {
		err := m.poll()
		return condition(), err
	})
}

// partitions is a copy of what is assigned.
func (m *member) partitions() map[int32]bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	copied := map[int32]bool{}
	for p := range m.assigned {
		copied[p] = true
	}
	return copied
}

// close leaves the group.
func (m *member) close() { m.client.Close() }

// groupRebalance: one member has all partitions, two share them, the one that stays has all again.
func (t *tester) groupRebalance(balancer kgo.GroupBalancer) error {
	const partitions = 4
	topic, err := t.topic("group", partitions, nil)
	if err != nil {
		return err
	}
	group := unique("group")
	sent := numbered(topic, 1200, 17, 100)
	if err := t.produce(sent); err != nil {
		return err
	}
	one, err := t.member(group, topic, balancer)
	if err != nil {
		return err
	}
	defer one.close()
	all := func() bool { return len(one.partitions()) == partitions }
	if err := one.readUntil("first member has all", all); err != nil {
		return err
	}
	if err := one.readUntil("first member reads all", func() bool { return len(one.records) == len(sent) }); err != nil {
		return err
	}
	if err := one.client.CommitUncommittedOffsets(t.ctx); err != nil {
		return err
	}
	two, err := t.member(group, topic, balancer)
	if err != nil {
		return err
	}
	defer two.close()
	shared := func() bool {
		a, b := one.partitions(), two.partitions()
		for p := range a {
			if b[p] {
				return false
			}
		}
		return len(a) == 2 && len(b) == 2
	}
	pollBoth := func() error {
		if err := one.poll(); err != nil {
			return err
		}
		return two.poll()
	}
	err = until("two members share the partitions", func() (bool, error) {
		err := pollBoth()
		return shared(), err
	})
	if err != nil {
		return err
	}
	more := numbered(topic, 100, 10, 10)
	if err := t.produce(more); err != nil {
		return err
	}
	places := map[string]bool{}
	err = until("both read what came later", func() (bool, error) {
		err := pollBoth()
		for _, m := range []*member{one, two} {
			for _, r := range m.records {
				places[fmt.Sprintf("%d/%d", r.Partition, r.Offset)] = true
			}
		}
		return len(places) == len(sent)+len(more), err
	})
	if err != nil {
		return err
	}
	if len(two.records) == 0 {
		return fmt.Errorf("the second member read nothing")
	}
	two.close()
	return one.readUntil("first member has all again", all)
}

// groupResume: the committed offset is where the group goes on.
func (t *tester) groupResume() error {
	topic, err := t.topic("resume", 1, nil)
	if err != nil {
		return err
	}
	group := unique("resume")
	sent := numbered(topic, 600, 1, 20)
	var got []*kgo.Record
	for _, end := range []int{250, 600} {
		if err := t.produce(sent[len(got):end]); err != nil {
			return err
		}
		m, err := t.member(group, topic, kgo.CooperativeStickyBalancer())
		if err != nil {
			return err
		}
		err = m.readUntil(fmt.Sprintf("records up to %d", end), func() bool { return len(got)+len(m.records) >= end })
		if err == nil {
			err = m.client.CommitUncommittedOffsets(t.ctx)
		}
		got = append(got, m.records...)
		m.close()
		if err != nil {
			return err
		}
		offset, err := t.committed(group, topic)
		if err != nil {
			return err
		}
		if err := equal(offset, int64(end), "committed offset"); err != nil {
			return err
		}
	}
	return sameContents(got, sent)
}
