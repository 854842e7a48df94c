package main

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

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
