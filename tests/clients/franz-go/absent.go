package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// transactions: a transactional producer writes, or is told at once that there are no transactions.
func (t *tester) transactions() error {
	topic, err := t.topic("transactions", 1, nil)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap()), kgo.TransactionalID(unique("transactions")), kgo.DefaultProduceTopic(topic),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.ctx, 20*time.Second)
	defer cancel()
	if err = client.BeginTransaction(); err == nil {
		err = client.ProduceSync(ctx, kgo.StringRecord("v")).FirstErr()
	}
	if err == nil {
		return client.EndTransaction(ctx, kgo.TryCommit)
	}
	// The code is in the text alone: it is not wrapped.
	if ctx.Err() == nil && strings.Contains(err.Error(), kerr.UnsupportedVersion.Message) {
		return nil
	}
	return fmt.Errorf("a transactional producer is not told at once: %w", err)
}

// acls: rules of access are refused where there is no authorizer.
func (t *tester) acls() error {
	filter := kadm.NewACLs().Topics("t").Allow("User:u").AllowHosts("*").Operations()
	results, err := t.admin.DescribeACLs(t.ctx, filter)
	for _, result := range results {
		if err == nil {
			err = result.Err
		}
	}
	if !errors.Is(err, kerr.SecurityDisabled) {
		return fmt.Errorf("want SECURITY_DISABLED, got %w", err)
	}
	return nil
}
