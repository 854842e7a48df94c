// franz-go against the broker at BOOTSTRAP.
package main

import (
	"context"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	watchdog(5 * time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap()))
	if err != nil {
		panic(err)
	}
	t := &tester{ctx: ctx, admin: kadm.NewClient(client)}
	c := &checks{}
	c.run("roundtrip", func() error { return t.roundtrip(kgo.DisableIdempotentWrite()) })
	c.run("idempotent", func() error { return t.roundtrip() })
	c.run("nulls_and_headers", t.nullsAndHeaders)
	for _, row := range codecs {
		c.run("compression_"+row.name, func() error { return t.compression(row.name, row.codec) })
	}
	c.run("one_mebibyte_none", func() error { return t.oneMebibyte(kgo.NoCompression()) })
	c.run("one_mebibyte_zstd", func() error { return t.oneMebibyte(kgo.ZstdCompression()) })
	c.run("too_large", t.tooLarge)
	c.run("timestamps", t.timestamps)
	c.run("seek_to_beginning", t.seekToBeginning)
	c.run("leader_epochs", t.leaderEpochs)
	c.run("admin", t.topicAdmin)
	c.run("topic_exists", t.topicExists)
	c.run("delete_records", t.deleteRecords)
	c.run("group_rebalance_cooperative", func() error { return t.groupRebalance(kgo.CooperativeStickyBalancer()) })
	c.run("group_rebalance_eager", func() error { return t.groupRebalance(kgo.RangeBalancer()) })
	c.run("group_resume", t.groupResume)
	c.run("group_admin", t.groupAdmin)
	c.run("transactions", t.transactions)
	c.run("transaction_offsets", t.transactionOffsets)
	c.run("transaction_fencing", t.transactionFencing)
	c.run("acls", t.acls)
	c.run("auto_create", t.autoCreate)
	client.Close()
	os.Exit(c.finish())
}
