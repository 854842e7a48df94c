package main

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// config is one key of a topic's configuration.
func (t *tester) config(topic, key string) (string, error) {
	configs, err := t.admin.DescribeTopicConfigs(t.ctx, topic)
	if err != nil {
		return "", err
	}
	resource, err := configs.On(topic, nil)
	if err != nil {
		return "", err
	}
	if resource.Err != nil {
		return "", resource.Err
	}
	for _, c := range resource.Configs {
		if c.Key == key {
			return c.MaybeValue(), nil
		}
	}
	return "", fmt.Errorf("no configuration key %s", key)
}

// untilConfig waits until a key of a topic's configuration has a value.
func (t *tester) untilConfig(topic, key, want string) error {
	return until(key+"="+want, func() (bool, error) {
		got, err := t.config(topic, key)
		if errors.Is(err, kerr.UnknownTopicOrPartition) { // a new topic takes a moment to be known
			return false, nil
		}
		return got == want, err
	})
}

func (t *tester) partitionCount(topic string) (int, error) {
	topics, err := t.admin.ListTopics(t.ctx, topic)
	if err != nil {
		return 0, err
	}
	return len(topics[topic].Partitions), nil
}

func (t *tester) topicAdmin() error {
	topic, err := t.topic("admin", 2, map[string]string{"retention.ms": "7200000"})
	if err != nil {
		return err
	}
	for key, want := range map[string]string{
		"retention.ms": "7200000", "max.message.bytes": "1048588", "cleanup.policy": "delete",
	} {
		if err := t.untilConfig(topic, key, want); err != nil {
			return err
		}
	}
	set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("3600000")}}
	if _, err := t.admin.AlterTopicConfigs(t.ctx, set, topic); err != nil {
		return err
	}
	if err := t.untilConfig(topic, "retention.ms", "3600000"); err != nil {
		return err
	}
	unset := []kadm.AlterConfig{{Op: kadm.DeleteConfig, Name: "retention.ms"}}
	if _, err := t.admin.AlterTopicConfigs(t.ctx, unset, topic); err != nil {
		return err
	}
	if err := t.untilConfig(topic, "retention.ms", "604800000"); err != nil {
		return err
	}
	if _, err := t.admin.UpdatePartitions(t.ctx, 5, topic); err != nil {
		return err
	}
	err = until("five partitions", func() (bool, error) {
		count, err := t.partitionCount(topic)
		return count == 5, err
	})
	if err != nil {
		return err
	}
	if _, err := t.admin.DeleteTopic(t.ctx, topic); err != nil {
		return err
	}
	return until("topic gone", func() (bool, error) {
		topics, err := t.admin.ListTopics(t.ctx)
		return !topics.Has(topic), err
	})
}

func (t *tester) topicExists() error {
	topic, err := t.topic("twice", 1, nil)
	if err != nil {
		return err
	}
	if _, err = t.admin.CreateTopic(t.ctx, 1, 1, nil, topic); !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("creating a topic twice: got %v", err)
	}
	return nil
}

func (t *tester) deleteRecords() error {
	topic, err := t.topic("delete-records", 1, nil)
	if err != nil {
		return err
	}
	if err := t.produce(numbered(topic, 50, 5, 10)); err != nil {
		return err
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 20, -1)
	if _, err := t.admin.DeleteRecords(t.ctx, offsets); err != nil {
		return err
	}
	if err := t.watermarks(topic, 20, 50); err != nil {
		return err
	}
	left, err := t.read(topic, 30)
	if err != nil {
		return err
	}
	return equal(left[0].Offset, 20, "first offset left")
}

func (t *tester) groupAdmin() error {
	topic, err := t.topic("group-admin", 1, nil)
	if err != nil {
		return err
	}
	group := unique("group-admin")
	if err := t.produce(numbered(topic, 10, 3, 10)); err != nil {
		return err
	}
	m, err := t.member(group, topic, kgo.RangeBalancer())
	if err != nil {
		return err
	}
	if err := m.readUntil("ten records", func() bool { return len(m.records) >= 10 }); err != nil {
		return err
	}
	if err := m.client.CommitUncommittedOffsets(t.ctx); err != nil {
		return err
	}
	state := func() (string, int, error) {
		described, err := t.admin.DescribeGroups(t.ctx, group)
		return described[group].State, len(described[group].Members), err
	}
	if s, members, err := state(); err != nil || s != "Stable" || members != 1 {
		return fmt.Errorf("state with a member: %s with %d members, %v", s, members, err)
	}
	m.close()
	err = until("group empty", func() (bool, error) {
		s, _, err := state()
		return s == "Empty", err
	})
	if err != nil {
		return err
	}
	listed, err := t.admin.ListGroups(t.ctx)
	if err != nil {
		return err
	}
	if _, found := listed[group]; !found {
		return errors.New("group not listed")
	}
	offset, err := t.committed(group, topic)
	if err != nil {
		return err
	}
	if err := equal(offset, 10, "committed offset"); err != nil {
		return err
	}
	if _, err := t.admin.DeleteGroup(t.ctx, group); err != nil {
		return err
	}
	offset, err = t.committed(group, topic)
	if err != nil {
		return err
	}
	return equal(offset, -1, "offset of a deleted group")
}

// committed is the offset that a group committed for partition 0, or -1.
func (t *tester) committed(group, topic string) (int64, error) {
	offsets, err := t.admin.FetchOffsetsForTopics(t.ctx, group, topic)
	if err != nil {
		return 0, err
	}
	offset, found := offsets.Lookup(topic, 0)
	if !found {
		return -1, nil
	}
	return offset.At, offset.Err
}
