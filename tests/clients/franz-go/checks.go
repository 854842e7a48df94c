package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"
)

// checks runs named checks, prints a line for each and counts them.
type checks struct{ passed, failed int }

func (c *checks) run(name string, function func() error) {
	start := time.Now()
	if err := function(); err != nil {
		c.failed++
		fmt.Printf("FAIL %s (%.1f s): %.600s\n", name, time.Since(start).Seconds(), err)
		return
	}
	c.passed++
	fmt.Printf("ok   %s (%.1f s)\n", name, time.Since(start).Seconds())
}

// finish prints the count and gives the exit code.
func (c *checks) finish() int {
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 || c.passed == 0 {
		return 1
	}
	return 0
}

// watchdog ends the process when the whole run takes longer than its bound.
func watchdog(bound time.Duration) {
	time.AfterFunc(bound, func() {
		panic(fmt.Sprintf("not finished within %s", bound))
	})
}

// bootstrap is the broker under test, host:port.
func bootstrap() string {
	value := os.Getenv("BOOTSTRAP")
	if value == "" {
		fmt.Fprintln(os.Stderr, "BOOTSTRAP=host:port must be set")
		os.Exit(2)
	}
	return value
}

// unique is a topic or group name that no other run uses.
func unique(stem string) string {
	return stem + "-" + hex.EncodeToString(randomBytes(5))
}

func randomBytes(count int) []byte {
	b := make([]byte, count)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return b
}

// until calls step until it returns true or an error, for at most a minute.
func until(what string, step func() (bool, error)) error {
	end := time.Now().Add(time.Minute)
	for {
		done, err := step()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within a minute", what)
		}
	}
}

func equal[T comparable](got, want T, what string) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
